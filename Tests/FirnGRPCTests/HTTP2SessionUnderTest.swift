import NIOCore

@testable import FirnGRPC

/// An ``HTTP2Session`` without a socket, and what it tells.
final class HTTP2SessionUnderTest: HTTP2SessionDelegate {
    struct Frame: Equatable {
        var kind: UInt8
        var flags: UInt8 = 0
        var stream: UInt32 = 0
        var payload: [UInt8] = []

        /// The code of a GOAWAY.
        var code: UInt32 { payload.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    }

    private(set) var events: [String] = []
    private(set) var passed = 0
    private(set) var flushes = 0
    /// Whether the socket takes more.
    var isWritable = true
    /// What is done when a request is complete.
    var answer: ((Int32) -> Void)?
    private(set) var session: HTTP2Session!
    private var output: [UInt8] = []

    /// - Parameter isOpen: whether the preface and SETTINGS were exchanged.
    init(isOpen: Bool = true, streams: Int = 10, resets: Int = 5, queuedBytes: Int = 1 << 15) {
        session = HTTP2Session(
            self,
            HTTP2Session.Limits(
                streams: streams,
                headerLength: 1000,
                continuations: 2,
                resets: resets,
                resetWindow: .seconds(60),
                controlFramesPerSecond: 50,
                settingsPerSecond: 20,
                queuedBytes: queuedBytes
            )
        )
        guard isOpen else { return }
        receive(Self.opening)
        _ = frames()
        events = []
    }

    func receive(_ parts: [UInt8]...) {
        session.receive(ByteBuffer(bytes: parts.flatMap { $0 }))
    }

    /// What was sent.
    func frames() -> [Frame] {
        takeOutput()
        var bytes = ByteBuffer(bytes: output)
        output = []
        var frames: [Frame] = []
        while let word: UInt32 = bytes.readInteger(), let flags: UInt8 = bytes.readInteger(),
            let stream: UInt32 = bytes.readInteger(), let payload = bytes.readBytes(length: Int(word >> 8))
        {
            frames.append(Frame(kind: UInt8(word & 0xFF), flags: flags, stream: stream, payload: payload))
        }
        return frames
    }

    private func takeOutput() {
        while let bytes = session.takeOutput() { output += Array(bytes.readableBytesView) }
    }

    // MARK: - What is told

    func received(_ fields: RequestFields, on stream: Int32, isLast: Bool) {
        events.append("\(stream) fields \(fields.path)\(isLast ? " last" : "")")
    }

    /// Data that arrives in pieces is one event.
    func received(_ bytes: ByteBuffer, on stream: Int32) {
        let start = "\(stream) data "
        var count = bytes.readableBytes
        if let last = events.last, last.hasPrefix(start) {
            count += Int(last.dropFirst(start.count))!
            events.removeLast()
        }
        events.append("\(start)\(count)")
    }

    func receivedEnd(of stream: Int32) {
        events.append("\(stream) end")
        answer?(stream)
    }

    func closed(_ stream: Int32) { events.append("\(stream) closed") }
    func passed(_ count: Int, of stream: Int32) { passed += count }
    func receivedSettings() { events.append("settings") }
    func pingAnswered() { events.append("ping") }

    func sendQueued() -> Bool {
        flushes += 1
        takeOutput()
        return isWritable
    }

    // MARK: - Frames

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let opening = preface + frame(4)

    static func frame(_ kind: UInt8, _ flags: UInt8 = 0, _ stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), kind, flags]
            + bytes(stream) + payload
    }

    /// HEADERS with :path /, and with END_HEADERS unless the flags say other.
    static func headers(_ stream: UInt32, flags: UInt8 = 4) -> [UInt8] { frame(1, flags, stream, [0x84]) }

    static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> [UInt8] {
        frame(8, 0, stream, bytes(increment))
    }

    static func setting(_ name: UInt8, _ value: UInt32) -> [UInt8] { [0, name] + bytes(value) }

    static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
}
