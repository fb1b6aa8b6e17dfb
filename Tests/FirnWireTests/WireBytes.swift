import FirnWire

extension FrameBuffer {
    /// The bytes that wait to be sent.
    var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// The message of the one frame that `append` writes, without its header.
func message(_ append: (FrameBuffer) -> Void) -> [UInt8] {
    let buffer = FrameBuffer()
    append(buffer)
    let bytes = buffer.bytes
    let reading = Frame.read(bytes.span.bytes, maximumLength: .max)
    precondition(reading == .whole(length: bytes.count - Frame.headerLength), "a frame's header says its length")
    return Array(bytes.dropFirst(Frame.headerLength))
}

/// `08011a00` as bytes: the form in which `xxd -p` shows what protoc encodes.
func bytes(hex text: String) -> [UInt8] {
    let digits = text.utf8.map { UInt8(Int(String(UnicodeScalar($0)), radix: 16)!) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// A varint, in the least number of bytes.
func varint(_ value: UInt64) -> [UInt8] {
    var value = value
    var bytes: [UInt8] = []
    while value > 0x7f {
        bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
        value >>= 7
    }
    return bytes + [UInt8(value)]
}

/// A field that holds bytes: a string, or another message.
func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(content.count)) + content
}

/// A field that holds a varint.
func field(_ number: UInt64, _ value: UInt64) -> [UInt8] {
    varint(number << 3) + varint(value)
}

/// A field that holds 64 bits.
func field(_ number: UInt64, fixed value: UInt64) -> [UInt8] {
    varint(number << 3 | 1) + withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// What came of decoding: a message, or the status that it was refused with.
enum Decoded<Message: Equatable>: Equatable {
    case message(Message)
    case refused(Status)

    var status: Status? {
        if case .refused(let status) = self { status } else { nil }
    }

    var message: Message? {
        if case .message(let message) = self { message } else { nil }
    }
}

extension RequestDecoder {
    func decoded(_ bytes: [UInt8]) -> Decoded<Request> {
        do { return .message(try decode(bytes.span.bytes)) } catch { return .refused(error) }
    }
}

extension ResponseDecoder {
    func decoded(_ bytes: [UInt8]) -> Decoded<Response> {
        do { return .message(try decode(bytes.span.bytes)) } catch { return .refused(error) }
    }
}

func decodedRequest(_ bytes: [UInt8]) -> Decoded<Request> {
    RequestDecoder().decoded(bytes)
}

func decodedResponse(_ bytes: [UInt8]) -> Decoded<Response> {
    ResponseDecoder().decoded(bytes)
}
