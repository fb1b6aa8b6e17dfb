internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// What a connection sends, and how much waits to be sent.
extension GRPCConnection {
    func write(_ fields: HPACKHeaders, to stream: HTTP2StreamID, isLast: Bool) {
        write(.headers(.init(headers: fields, endStream: isLast)), to: stream)
    }

    func send(_ message: ByteBuffer, of call: GRPCCall) {
        call.unsentBytes += message.readableBytes
        unsentBytes += message.readableBytes
        write(.data(.init(data: .byteBuffer(message))), to: call.stream)
    }

    /// Tells the peer that nothing more is read from a stream whose answer is complete.
    func reset(_ stream: HTTP2StreamID) {
        write(.rstStream(.noError), to: stream)
    }

    func write(_ payload: HTTP2Frame.FramePayload, to stream: HTTP2StreamID) {
        guard let context, phase != .lingering else { return }
        isFlushWanted = true
        context.write(wrapOutboundOut(HTTP2Frame(streamID: stream, payload: payload)), promise: nil)
    }

    func flush() {
        guard isFlushWanted, let context else { return }
        isFlushWanted = false
        context.flush()
    }

    // MARK: - Streams of messages

    /// Longer than what is left of a turn.
    private static let pumpDelay = TimeAmount.microseconds(50)

    /// Whether a call may send another message now.
    func takesMessages(of call: GRPCCall) -> Bool {
        phase != .lingering && channel.isWritable && call.unsentBytes < GRPCLimits.maximumUnsentStreamBytes
            && !isFull
    }

    /// Whether the peer must read answers before there are more.
    var isFull: Bool { unsentBytes >= loop.limits.maximumUnsentBytes }

    /// Continues a call in a turn of its own, after what has arrived was read. The event loop would run a task without a
    /// delay before it reads again, so a stream that is read as fast as it is written would never be cancelled.
    func pumpLater(_ call: GRPCCall) {
        toPump.append(call)
        if toPump.count == 1, !isPumping { schedulePump() }
    }

    /// To be called at a turn's end: the delay must not have passed before the event loop looks for tasks again. So where
    /// a turn takes long, as on a slow machine, the delay is longer too.
    private func schedulePump(after delay: TimeAmount = pumpDelay) {
        channel.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            let began = NIODeadline.now()
            let turn = toPump
            toPump = []
            isPumping = true
            for call in turn { call.source?.pump() }
            flush()
            isPumping = false
            guard !toPump.isEmpty else { return }
            let taken = NIODeadline.now() - began
            schedulePump(after: max(Self.pumpDelay, .nanoseconds(taken.nanoseconds / 4)))
        }
    }

    func pumpAllLater() {
        for call in calls.values where call.source != nil { pumpLater(call) }
    }
}

extension GRPCConnection: NIOHTTP2FrameDelegate {
    /// A frame has passed flow control.
    func wroteFrame(_ frame: HTTP2Frame) {
        switch frame.payload {
        case .data(let data):
            guard let call = calls[frame.streamID] else { return }
            let wasFull = isFull
            call.unsentBytes -= data.data.readableBytes
            unsentBytes -= data.data.readableBytes
            if wasFull, !isFull {
                pumpAllLater()
            } else if call.source != nil, call.unsentBytes == 0 {
                pumpLater(call)
            }
        case .goAway(_, let code, _):
            if code != .noError { sentErrorGoAway = true }
        default:
            break
        }
    }
}
