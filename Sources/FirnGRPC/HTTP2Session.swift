internal import NIOCore
internal import NIOHPACK

/// What uses an ``HTTP2Session``.
protocol HTTP2SessionDelegate: AnyObject {
    /// A new stream, or the end of one that is open.
    func received(_ fields: HPACKHeaders, on stream: UInt32, isLast: Bool)
    func received(_ bytes: ByteBuffer, on stream: UInt32, isLast: Bool)
    /// A stream is closed, by both sides' ends or by a reset.
    func closed(_ stream: UInt32)
    /// Bytes of a stream's messages have passed flow control.
    func passed(_ count: Int, of stream: UInt32)
    func receivedSettings()
    func pingAnswered()
    /// The peer has violated the protocol, or a limit. The connection must be closed.
    func failed(_ code: HTTP2Code, _ reason: String)
}

/// Error codes of HTTP/2 (RFC 9113, section 7).
enum HTTP2Code: UInt32 {
    case noError = 0
    case protocolError = 1
    case flowControlError = 3
    case streamClosed = 5
    case frameSizeError = 6
    case refusedStream = 7
    case compressionError = 9
    case enhanceYourCalm = 11
}

/// The server's side of an HTTP/2 connection (RFC 9113), as far as gRPC needs it: frames, header blocks, streams and flow
/// control. It has no socket: bytes are passed in, and those to be sent are in ``output``.
final class HTTP2Session {
    /// A stream that is not closed.
    struct Stream {
        /// What may be sent, and what the peer may send.
        var sendWindow: Int
        var receiveWindow = HTTP2Session.window
        /// What flow control has not let pass.
        var pending: [ByteBuffer] = []
        /// Whether it is among those that the connection's window holds back.
        var isHeld = false
        /// The header fields that end the stream, once `pending` is sent. They are encoded then: a block depends on those
        /// that were sent before it.
        var end: HPACKHeaders?
        var hasEnded = false
        var peerHasEnded = false
    }

    struct Limits {
        var streams: Int
        var headerLength: Int
        var continuations: Int
        var resets: Int
        var resetWindow: TimeAmount
        var controlFramesPerSecond: Int
    }

    unowned let delegate: any HTTP2SessionDelegate
    /// What is to be sent.
    private(set) var output = ByteBuffer()
    private(set) var streams: [UInt32: Stream] = [:]
    /// The last stream that the peer has begun.
    private(set) var lastStream: UInt32 = 0
    /// Whether streams that the peer begins from now on are ignored, as it was told.
    var takesNoMoreStreams = false

    private let limits: Limits
    private var input = ByteBuffer()
    private var phase = Phase.preface
    private var decoder: HPACKDecoder
    private var encoder = HeaderEncoder()
    private var sendWindow = HTTP2Session.window
    private var receiveWindow = HTTP2Session.window
    /// What a new stream may be sent.
    private var initialWindow = HTTP2Session.window
    /// Streams with something pending that the connection's window alone holds back, in their order.
    private var held: [UInt32] = []
    private var block: HeaderBlock?
    private var resets: RateLimit
    private var controlFrames: RateLimit

    private enum Phase {
        case preface
        /// The peer's first frame must be SETTINGS.
        case firstFrame
        case open
        case failed
    }

    /// A header block that is not complete.
    private struct HeaderBlock {
        let stream: UInt32
        let isLast: Bool
        var bytes: ByteBuffer
        var continuations = 0
    }

    /// HTTP/2's default, for the connection and each stream.
    static let window = 65_535
    private static let maximumWindow = Int(Int32.max)
    private static let frameLength = 16_384
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    init(_ delegate: any HTTP2SessionDelegate, _ limits: Limits) {
        self.delegate = delegate
        self.limits = limits
        decoder = HPACKDecoder(
            allocator: ByteBufferAllocator(),
            maxDynamicTableSize: HPACKDecoder.maxDynamicTableSize,
            maxHeaderListSize: limits.headerLength
        )
        resets = RateLimit(limits.resets, limits.resetWindow)
        controlFrames = RateLimit(limits.controlFramesPerSecond, .seconds(1))
        putFrame(.settings, length: 12, stream: 0)
        putSetting(3, UInt32(limits.streams))
        putSetting(6, UInt32(limits.headerLength))
    }

    /// What is to be sent, which is sent now; `nil` when there is nothing.
    func takeOutput() -> ByteBuffer? {
        guard output.readableBytes > 0 else { return nil }
        defer { output = ByteBufferAllocator().buffer(capacity: 512) }
        return output
    }

    // MARK: - Receiving

    func receive(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 { input = bytes } else { input.writeImmutableBuffer(bytes) }
        if phase == .preface { receivePreface() }
        while phase == .firstFrame || phase == .open, receiveFrame() {}
        if input.readableBytes == 0 || phase == .failed { input = ByteBuffer() } else { input.discardReadBytes() }
    }

    private func receivePreface() {
        let count = min(input.readableBytes, Self.preface.count)
        guard input.readableBytesView.prefix(count).elementsEqual(Self.preface.prefix(count)) else {
            return fail(.protocolError, "the connection does not begin with HTTP/2's preface")
        }
        guard count == Self.preface.count else { return }
        input.moveReaderIndex(forwardBy: count)
        phase = .firstFrame
    }

    /// - Returns: false when more bytes must arrive first.
    private func receiveFrame() -> Bool {
        guard let word: UInt32 = input.getInteger(at: input.readerIndex) else { return false }
        let length = Int(word >> 8)
        guard length <= Self.frameLength else {
            fail(.frameSizeError, "a frame has \(length) bytes; \(Self.frameLength) are allowed")
            return false
        }
        guard input.readableBytes >= 9 + length else { return false }
        let kind = UInt8(truncatingIfNeeded: word)
        let flags: UInt8 = input.getInteger(at: input.readerIndex + 4)!
        let stream = input.getInteger(at: input.readerIndex + 5, as: UInt32.self)! & 0x7FFF_FFFF
        input.moveReaderIndex(forwardBy: 9)
        let payload = input.readSlice(length: length)!
        if let block, kind != FrameKind.continuation.rawValue || stream != block.stream {
            fail(.protocolError, "another frame came within a header block")
        } else if phase == .firstFrame, kind != FrameKind.settings.rawValue || flags & 1 != 0 {
            fail(.protocolError, "the first frame is not SETTINGS")
        } else {
            receive(FrameKind(rawValue: kind), flags, stream, payload)
        }
        return phase != .failed
    }

    private func receive(_ kind: FrameKind?, _ flags: UInt8, _ stream: UInt32, _ payload: ByteBuffer) {
        switch kind {
        case .data: receiveData(stream, flags, payload)
        case .headers: receiveHeaders(stream, flags, payload)
        case .continuation: receiveContinuation(stream, flags, payload)
        case .reset: receiveReset(stream, payload)
        case .windowUpdate: receiveWindowUpdate(stream, payload)
        case .settings: receiveSettings(stream, flags, payload)
        case .ping: receivePing(stream, flags, payload)
        case .pushPromise: fail(.protocolError, "a client may not send PUSH_PROMISE")
        case .priority, .goAway, nil: countControlFrame()
        }
    }

    /// The bytes of a frame without its padding.
    private func unpadded(_ payload: ByteBuffer, _ flags: UInt8) -> ByteBuffer? {
        guard flags & 8 != 0 else { return payload }
        var rest = payload
        guard let padding = rest.readInteger(as: UInt8.self), Int(padding) <= rest.readableBytes,
            let bytes = rest.readSlice(length: rest.readableBytes - Int(padding))
        else {
            fail(.protocolError, "a frame's padding is longer than the frame")
            return nil
        }
        return bytes
    }

    private func receiveData(_ id: UInt32, _ flags: UInt8, _ payload: ByteBuffer) {
        guard isBegun(id), let bytes = unpadded(payload, flags) else { return }
        let isLast = flags & 1 != 0
        receiveWindow -= payload.readableBytes
        guard receiveWindow >= 0 else { return fail(.flowControlError, "more was sent than the window allows") }
        if receiveWindow < Self.window / 2 {
            putWindowUpdate(0, Self.window - receiveWindow)
            receiveWindow = Self.window
        }
        if bytes.readableBytes == 0, !isLast { countControlFrame() }
        // It may have been reset, which the peer did not know yet.
        guard var stream = streams[id], phase != .failed else { return }
        guard !stream.peerHasEnded else { return fail(.streamClosed, "DATA came after the stream's end") }
        stream.receiveWindow -= payload.readableBytes
        guard stream.receiveWindow >= 0 else { return fail(.flowControlError, "more was sent than the window allows") }
        stream.peerHasEnded = isLast
        if !isLast, !stream.hasEnded, stream.receiveWindow < Self.window / 2 {
            putWindowUpdate(id, Self.window - stream.receiveWindow)
            stream.receiveWindow = Self.window
        }
        streams[id] = stream
        delegate.received(bytes, on: id, isLast: isLast)
        if isLast { closeIfEnded(id) }
    }

    private func receiveHeaders(_ stream: UInt32, _ flags: UInt8, _ payload: ByteBuffer) {
        guard stream % 2 == 1 else { return fail(.protocolError, "a client's streams have odd numbers") }
        guard var bytes = unpadded(payload, flags) else { return }
        if flags & 0x20 != 0 {
            guard bytes.readableBytes >= 5 else { return fail(.frameSizeError, "a HEADERS frame is too short") }
            bytes.moveReaderIndex(forwardBy: 5)
        }
        let block = HeaderBlock(stream: stream, isLast: flags & 1 != 0, bytes: bytes)
        if flags & 4 != 0 { receive(block) } else { self.block = block }
    }

    private func receiveContinuation(_ stream: UInt32, _ flags: UInt8, _ payload: ByteBuffer) {
        guard var block else { return fail(.protocolError, "a CONTINUATION came without HEADERS") }
        block.continuations += 1
        let length = block.bytes.readableBytes + payload.readableBytes
        guard block.continuations <= limits.continuations, length <= limits.headerLength else {
            return fail(.enhanceYourCalm, "a header block is too long, or in too many frames")
        }
        block.bytes.writeImmutableBuffer(payload)
        self.block = block
        guard flags & 4 != 0 else { return }
        self.block = nil
        receive(block)
    }

    private func receive(_ block: HeaderBlock) {
        var bytes = block.bytes
        let fields: HPACKHeaders
        do {
            fields = try decoder.decodeHeaders(from: &bytes)
        } catch {
            let maximum = limits.headerLength
            return fail(.compressionError, "a header block cannot be decoded, or is longer than \(maximum) bytes")
        }
        let id = block.stream
        if let stream = streams[id] {
            guard !stream.peerHasEnded else { return fail(.streamClosed, "HEADERS came after the stream's end") }
            guard block.isLast else { return fail(.protocolError, "trailers have to end their stream") }
            streams[id]!.peerHasEnded = true
            delegate.received(fields, on: id, isLast: true)
            return closeIfEnded(id)
        }
        guard id > lastStream else { return countControlFrame() }
        guard !takesNoMoreStreams else { return }
        lastStream = id
        guard streams.count < limits.streams else {
            countReset()
            return reset(id, .refusedStream)
        }
        streams[id] = Stream(sendWindow: initialWindow, peerHasEnded: block.isLast)
        delegate.received(fields, on: id, isLast: block.isLast)
        if block.isLast { closeIfEnded(id) }
    }

    private func receiveReset(_ stream: UInt32, _ payload: ByteBuffer) {
        guard isBegun(stream) else { return }
        guard payload.readableBytes == 4 else { return fail(.frameSizeError, "an RST_STREAM frame has not 4 bytes") }
        countReset()
        close(stream)
    }

    private func receiveWindowUpdate(_ id: UInt32, _ payload: ByteBuffer) {
        guard payload.readableBytes == 4, let word: UInt32 = payload.getInteger(at: payload.readerIndex) else {
            return fail(.frameSizeError, "a WINDOW_UPDATE frame has not 4 bytes")
        }
        let increment = Int(word & 0x7FFF_FFFF)
        guard increment > 0 else { return fail(.protocolError, "a WINDOW_UPDATE is of 0 bytes") }
        guard id != 0 else {
            sendWindow += increment
            guard sendWindow <= Self.maximumWindow else { return fail(.flowControlError, "a window is too large") }
            return sendHeld()
        }
        guard isBegun(id), let before = streams[id]?.sendWindow else { return }
        guard before + increment <= Self.maximumWindow else { return fail(.flowControlError, "a window is too large") }
        streams[id]!.sendWindow = before + increment
        if streams[id]!.end != nil || !streams[id]!.pending.isEmpty { sendPending(id) }
    }

    private func receiveSettings(_ stream: UInt32, _ flags: UInt8, _ payload: ByteBuffer) {
        guard stream == 0 else { return fail(.protocolError, "SETTINGS is of the connection, not of a stream") }
        guard payload.readableBytes % 6 == 0, flags & 1 == 0 || payload.readableBytes == 0 else {
            return fail(.frameSizeError, "a SETTINGS frame has \(payload.readableBytes) bytes")
        }
        countControlFrame()
        guard flags & 1 == 0, phase != .failed else { return }
        var rest = payload
        while let name: UInt16 = rest.readInteger(), let value: UInt32 = rest.readInteger() {
            switch name {
            case 1: encoder.tableSizeChanged(to: Int(value))
            case 4:
                guard value <= UInt32(Self.maximumWindow) else {
                    return fail(.flowControlError, "a window is too large")
                }
                windowChanged(to: Int(value))
            case 5:
                guard (UInt32(Self.frameLength)...0xFF_FFFF).contains(value) else {
                    return fail(.protocolError, "SETTINGS_MAX_FRAME_SIZE is \(value)")
                }
            default: break
            }
        }
        phase = .open
        putFrame(.settings, flags: 1, length: 0, stream: 0)
        delegate.receivedSettings()
    }

    private func windowChanged(to window: Int) {
        let change = window - initialWindow
        initialWindow = window
        guard change != 0 else { return }
        for id in Array(streams.keys) {
            streams[id]!.sendWindow += change
            if change > 0, !streams[id]!.pending.isEmpty { sendPending(id) }
        }
    }

    private func receivePing(_ stream: UInt32, _ flags: UInt8, _ payload: ByteBuffer) {
        guard stream == 0 else { return fail(.protocolError, "PING is of the connection, not of a stream") }
        guard payload.readableBytes == 8 else { return fail(.frameSizeError, "a PING frame has not 8 bytes") }
        if flags & 1 != 0 { return delegate.pingAnswered() }
        countControlFrame()
        putFrame(.ping, flags: 1, length: 8, stream: 0)
        output.writeImmutableBuffer(payload)
    }

    /// Whether a stream is, or was, open. Otherwise the connection fails.
    private func isBegun(_ stream: UInt32) -> Bool {
        // What is sent after our last GOAWAY is of streams that were ignored.
        if stream != 0, stream <= lastStream || takesNoMoreStreams { return true }
        fail(.protocolError, "a frame is of a stream that was not begun")
        return false
    }

    private func countReset() {
        if resets.isExceeded() { fail(.enhanceYourCalm, "too many streams were reset") }
    }

    private func countControlFrame() {
        if controlFrames.isExceeded() { fail(.enhanceYourCalm, "too many frames without a request") }
    }

    private func fail(_ code: HTTP2Code, _ reason: String) {
        guard phase != .failed else { return }
        phase = .failed
        delegate.failed(code, reason)
    }

    // MARK: - Streams' ends

    private func closeIfEnded(_ id: UInt32) {
        guard let stream = streams[id], stream.hasEnded, stream.peerHasEnded else { return }
        close(id)
    }

    private func close(_ id: UInt32) {
        guard streams.removeValue(forKey: id) != nil else { return }
        delegate.closed(id)
    }

    // MARK: - Sending

    func send(_ fields: HPACKHeaders, on id: UInt32, isLast: Bool) {
        guard isLast, streams[id]?.pending.isEmpty == false else {
            putHeaders(fields, on: id, isLast: isLast)
            if isLast { ended(id) }
            return
        }
        streams[id]!.end = fields
    }

    /// - Returns: how many of the bytes have passed flow control. The delegate is told of the others later.
    func send(_ bytes: ByteBuffer, on id: UInt32) -> Int {
        guard let stream = streams[id], !stream.hasEnded, stream.end == nil else { return bytes.readableBytes }
        let count = bytes.readableBytes
        if stream.pending.isEmpty, count <= Self.frameLength, count <= sendWindow, count <= stream.sendWindow {
            sendWindow -= count
            streams[id]!.sendWindow -= count
            putFrame(.data, length: count, stream: id)
            output.writeImmutableBuffer(bytes)
            return count
        }
        streams[id]!.pending.append(bytes)
        return sendPending(id, tells: false)
    }

    /// Sends of a stream what flow control lets pass.
    ///
    /// - Parameters:
    ///   - frames: how many DATA frames, at most.
    ///   - tells: whether the delegate is told how much it was.
    @discardableResult
    private func sendPending(_ id: UInt32, frames: Int = .max, tells: Bool = true) -> Int {
        guard var stream = streams[id] else { return 0 }
        var passed = 0
        var left = frames
        while left > 0, let first = stream.pending.first {
            left -= 1
            let count = min(first.readableBytes, Self.frameLength, stream.sendWindow, sendWindow)
            guard count > 0 else { break }
            putFrame(.data, length: count, stream: id)
            output.writeImmutableBuffer(stream.pending[0].readSlice(length: count)!)
            if stream.pending[0].readableBytes == 0 { stream.pending.removeFirst() }
            stream.sendWindow -= count
            sendWindow -= count
            passed += count
        }
        if !stream.pending.isEmpty, stream.sendWindow > 0, !stream.isHeld {
            stream.isHeld = true
            held.append(id)
        }
        let end = stream.pending.isEmpty ? stream.end : nil
        if end != nil { stream.end = nil }
        streams[id] = stream
        if let end {
            putHeaders(end, on: id, isLast: true)
            ended(id)
        }
        if tells, passed > 0 { delegate.passed(passed, of: id) }
        return passed
    }

    /// Sends what the connection's window has held back, a frame of each stream in turn.
    private func sendHeld() {
        while sendWindow > 0, !held.isEmpty {
            let turn = held
            held = []
            for id in turn {
                streams[id]?.isHeld = false
                sendPending(id, frames: 1)
            }
        }
    }

    private func ended(_ id: UInt32) {
        streams[id]?.hasEnded = true
        closeIfEnded(id)
    }

    /// Tells the peer that nothing more is read from a stream or sent on it.
    func reset(_ id: UInt32, _ code: HTTP2Code = .noError) {
        putFrame(.reset, length: 4, stream: id)
        output.writeInteger(code.rawValue)
        close(id)
    }

    func sendGoAway(_ code: HTTP2Code, _ reason: String, lastStream: UInt32) {
        let reason = Array(reason.utf8)
        putFrame(.goAway, length: 8 + reason.count, stream: 0)
        output.writeMultipleIntegers(lastStream, code.rawValue)
        output.writeBytes(reason)
    }

    func sendPing() {
        putFrame(.ping, length: 8, stream: 0)
        output.writeInteger(UInt64(1))
    }

    private func putHeaders(_ fields: HPACKHeaders, on id: UInt32, isLast: Bool) {
        let block = encoder.encode(fields)
        precondition(block.count <= Self.frameLength, "an answer's header fields are a few hundred bytes")
        putFrame(.headers, flags: isLast ? 5 : 4, length: block.count, stream: id)
        output.writeBytes(block)
    }

    private func putWindowUpdate(_ id: UInt32, _ increment: Int) {
        putFrame(.windowUpdate, length: 4, stream: id)
        output.writeInteger(UInt32(increment))
    }

    private func putSetting(_ name: UInt16, _ value: UInt32) {
        output.writeMultipleIntegers(name, value)
    }

    private func putFrame(_ kind: FrameKind, flags: UInt8 = 0, length: Int, stream: UInt32) {
        output.writeMultipleIntegers(UInt32(length) << 8 | UInt32(kind.rawValue), flags, stream)
    }
}

/// The kinds of frames.
private enum FrameKind: UInt8 {
    case data, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
}

/// How many events there may be in a stretch of time.
private struct RateLimit {
    private let maximum: Int
    private let length: TimeAmount
    private var count = 0
    private var began = NIODeadline.uptimeNanoseconds(0)

    init(_ maximum: Int, _ length: TimeAmount) {
        self.maximum = maximum
        self.length = length
    }

    /// Counts an event.
    mutating func isExceeded() -> Bool {
        let now = NIODeadline.now()
        if now >= began + length { (began, count) = (now, 0) }
        count += 1
        return count > maximum
    }
}
