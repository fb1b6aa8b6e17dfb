import FirnTestSupport
import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import Synchronization

/// A client of HTTP/2 without manners: it sends the frames that it is told to, and keeps those that come. It never
/// enlarges a window by itself, so a peer can send 64 KiB to it.
final class GRPCPeer {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Answer {
        var fields: [String: String] = [:]
        var trailers: [String: String] = [:]
        var bytes: [UInt8] = []
        var isEnded = false
        /// The code of a reset, if there was one.
        var reset: HTTP2ErrorCode?

        var status: Int? { (trailers["grpc-status"] ?? fields["grpc-status"]).flatMap { Int($0) } }
        var text: String { trailers["grpc-message"] ?? fields["grpc-message"] ?? "" }

        /// The first message, without its prefix.
        var message: [UInt8] {
            get throws {
                guard let first = messages.first else {
                    throw Failure(description: "an answer without a message: \(self)")
                }
                return first
            }
        }

        /// The messages, without their prefixes.
        var messages: [[UInt8]] {
            var messages: [[UInt8]] = []
            var rest = bytes[...]
            while rest.count >= 5 {
                let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
                messages.append(Array(rest.dropFirst(5).prefix(length)))
                rest = rest.dropFirst(5 + length)
            }
            return messages
        }
    }

    private struct State {
        var answers: [HTTP2StreamID: Answer] = [:]
        var settings: [HTTP2Setting] = []
        var goAways: [HTTP2ErrorCode] = []
        var isClosed = false
    }

    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = HTTP2Frame
        let state = Mutex(State())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            state.withLock { state in
                switch frame.payload {
                case .headers(let headers):
                    let fields = Dictionary(headers.headers.map { ($0.name, $0.value) }) { $1 }
                    if state.answers[frame.streamID, default: Answer()].fields.isEmpty {
                        state.answers[frame.streamID, default: Answer()].fields = fields
                    } else {
                        state.answers[frame.streamID, default: Answer()].trailers = fields
                    }
                    if headers.endStream { state.answers[frame.streamID]!.isEnded = true }
                case .data(let data):
                    guard case .byteBuffer(let bytes) = data.data else { return }
                    state.answers[frame.streamID, default: Answer()].bytes += Array(bytes.readableBytesView)
                    if data.endStream { state.answers[frame.streamID]!.isEnded = true }
                case .rstStream(let code):
                    state.answers[frame.streamID, default: Answer()].reset = code
                case .settings(.settings(let settings)): state.settings += settings
                case .goAway(_, let code, _): state.goAways.append(code)
                default: break
                }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {}

        func channelInactive(context: ChannelHandlerContext) {
            state.withLock { $0.isClosed = true }
        }
    }

    private let channel: any Channel
    private let collector = Collector()
    private var nextStream = 1

    init(port: UInt16) throws {
        let collector = collector
        channel = try ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([NIOHTTP2Handler(mode: .client), collector])
                }
            }
            .connectTimeout(.seconds(60))
            .connect(host: "127.0.0.1", port: Int(port)).wait()
    }

    deinit { channel.close(promise: nil) }

    // MARK: - Sending

    static func fields(_ path: String, _ more: [(String, String)] = []) -> HPACKHeaders {
        var fields = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        for (name, value) in more {
            if let index = fields.firstIndex(where: { $0.0 == name }) {
                fields[index].1 = value
            } else {
                fields.append((name, value))
            }
        }
        return HPACKHeaders(fields)
    }

    static func prefixed(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
        [flag] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: message.count >> (8 * $0)) } + message
    }

    /// Begins a call.
    func begin(_ path: String, _ more: [(String, String)] = [], isLast: Bool = false) -> HTTP2StreamID {
        begin(Self.fields(path, more), isLast: isLast)
    }

    /// Begins a call with the same field several times.
    func begin(_ path: String, repeating field: (String, String), times: Int) -> HTTP2StreamID {
        var fields = Self.fields(path)
        for _ in 0..<times { fields.add(name: field.0, value: field.1) }
        return begin(fields, isLast: false)
    }

    private func begin(_ fields: HPACKHeaders, isLast: Bool) -> HTTP2StreamID {
        let stream = HTTP2StreamID(nextStream)
        nextStream += 2
        write(stream, .headers(.init(headers: fields, endStream: isLast)))
        return stream
    }

    /// Begins calls with one message each, in one write.
    func burst(_ path: String, _ bytes: [UInt8], times: Int) -> [HTTP2StreamID] {
        let streams = (0..<times).map { HTTP2StreamID(nextStream + 2 * $0) }
        nextStream += 2 * times
        let fields = Self.fields(path)
        channel.eventLoop.execute { [channel] in
            for stream in streams {
                channel.write(HTTP2Frame(streamID: stream, payload: .headers(.init(headers: fields))), promise: nil)
                let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: true)
                channel.write(HTTP2Frame(streamID: stream, payload: .data(data)), promise: nil)
            }
            channel.flush()
        }
        return streams
    }

    func send(_ bytes: [UInt8], on stream: HTTP2StreamID, isLast: Bool = false) {
        write(stream, .data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: isLast)))
    }

    func reset(_ stream: HTTP2StreamID) { write(stream, .rstStream(.cancel)) }

    func write(_ stream: HTTP2StreamID, _ payload: HTTP2Frame.FramePayload) {
        channel.writeAndFlush(HTTP2Frame(streamID: stream, payload: payload), promise: nil)
    }

    // MARK: - Receiving

    /// A whole call with one message.
    func call(_ path: String, _ message: [UInt8] = [], _ more: [(String, String)] = []) throws -> Answer {
        let stream = begin(path, more)
        send(Self.prefixed(message), on: stream, isLast: true)
        return try end(of: stream)
    }

    func answer(on stream: HTTP2StreamID) -> Answer { collector.state.withLock { $0.answers[stream] ?? Answer() } }

    /// Waits until a call has ended.
    func end(of stream: HTTP2StreamID) throws -> Answer {
        try wait("the end of call \(stream)") { state in
            guard let answer = state.answers[stream], answer.isEnded || answer.reset != nil else { return nil }
            return answer
        }
    }

    /// Waits until the daemon has reset a stream.
    func resetCode(of stream: HTTP2StreamID) throws -> HTTP2ErrorCode {
        try wait("a reset of \(stream)") { $0.answers[stream]?.reset }
    }

    /// Waits until a call has this many messages.
    func messages(_ count: Int, on stream: HTTP2StreamID) throws -> [[UInt8]] {
        try wait("\(count) messages on \(stream)") { state in
            guard let messages = state.answers[stream]?.messages, messages.count >= count else { return nil }
            return messages
        }
    }

    func setting(_ parameter: HTTP2SettingsParameter) throws -> Int {
        try wait("the setting \(parameter)") { $0.settings.first { $0.parameter == parameter }?.value }
    }

    /// Waits for a GOAWAY.
    func goAway() throws -> HTTP2ErrorCode { try wait("a GOAWAY") { $0.goAways.first } }

    /// Waits until the daemon has closed the connection.
    func isClosed() throws -> Bool { try wait("the close") { $0.isClosed ? true : nil } }

    private func wait<Value: Sendable>(_ what: String, _ look: (State) -> Value?) throws -> Value {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let (value, isClosed) = collector.state.withLock { (look($0), $0.isClosed) }
            if let value { return value }
            guard ContinuousClock.now < deadline else { throw Failure(description: "\(what) did not come") }
            guard !isClosed else { throw Failure(description: "\(what) did not come before the connection's end") }
            usleep(1000)
        }
    }
}
