internal import FirnWire

/// How a ``Status`` is written in a call's trailers.
enum StatusMessage {
    /// gRPC's number of a code. Firn's codes are google.rpc.Code's numbers, and so are gRPC's; those that no daemon of
    /// this version sends are UNKNOWN.
    static func number(of code: Status.Code) -> Int {
        switch code {
        case .invalidArgument: 3
        case .deadlineExceeded: 4
        case .permissionDenied: 7
        case .resourceExhausted: 8
        case .failedPrecondition: 9
        case .unimplemented: 12
        case .internal: 13
        case .unavailable: 14
        case .notFound: 5
        case .unauthenticated: 16
        default: 2
        }
    }

    /// A text as `grpc-message` has it: percent-encoded outside of printable ASCII.
    static func encoded(_ text: String) -> String {
        guard text.utf8.contains(where: { !isPlain($0) }) else { return text }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), hexDigit(byte >> 4), hexDigit(byte & 15)]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "%") }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    /// `grpc-status-details-bin`: a google.rpc.Status with a google.rpc.RetryInfo. `nil` when it is not known whether
    /// another try may succeed.
    static func details(of status: Status) -> String? {
        guard status.retryAfterMilliseconds > 0 else { return nil }
        let (seconds, milliseconds) = status.retryAfterMilliseconds.quotientAndRemainder(dividingBy: 1000)
        var message = ProtobufWriter()
        message.put(1, number: UInt64(number(of: status.code)))
        message.put(2, text: status.message)
        message.put(3) { any in
            any.put(1, text: "type.googleapis.com/google.rpc.RetryInfo")
            any.put(2) { info in
                info.put(1) { delay in
                    delay.put(1, number: UInt64(seconds))
                    delay.put(2, number: UInt64(milliseconds) * 1_000_000)
                }
            }
        }
        return base64(message.bytes)
    }

    /// RFC 4648 without padding, as gRPC recommends for headers whose names end with `-bin`.
    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - UInt32(group.count)))
            for index in 0...UInt32(group.count) { text.append(alphabet[Int(bits >> (18 - 6 * index) & 63)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Status.Code {
    /// Of reflection and health, which name what does not exist.
    static let notFound = Status.Code(rawValue: 5)
}
