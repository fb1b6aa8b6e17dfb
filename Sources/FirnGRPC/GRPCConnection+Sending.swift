internal import NIOCore
internal import NIOHPACK

/// What a connection sends, and how much waits to be sent.
extension GRPCConnection {
    func write(_ fields: HPACKHeaders, to stream: UInt32, isLast: Bool) {
        guard context != nil, phase != .lingering else { return }
        session.send(fields, on: stream, isLast: isLast)
    }

    func send(_ message: ByteBuffer, of call: GRPCCall) {
        guard context != nil, phase != .lingering else { return }
        let waiting = message.readableBytes - session.send(message, on: call.stream)
        call.unsentBytes += waiting
        unsentBytes += waiting
        if session.output.readableBytes >= GRPCLimits.maximumCollectedBytes { flush() }
    }

    /// Tells the peer that nothing more is read from a stream whose answer is complete.
    func reset(_ stream: UInt32) {
        guard context != nil, phase != .lingering else { return }
        session.reset(stream)
    }

    /// Gives what was written to the socket.
    func flush() {
        guard let context, phase != .lingering, let bytes = session.takeOutput() else { return }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
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

    /// To be called at a turn's end: the delay must not have passed before the event loop looks for tasks again.
    private func schedulePump() {
        channel.eventLoop.assumeIsolated().scheduleTask(in: Self.pumpDelay) { [self] in
            let turn = toPump
            toPump = []
            isPumping = true
            for call in turn { call.source?.pump() }
            flush()
            isPumping = false
            if !toPump.isEmpty { schedulePump() }
        }
    }

    func pumpAllLater() {
        for call in calls.values where call.source != nil { pumpLater(call) }
    }
}

extension GRPCConnection: HTTP2SessionDelegate {
    func received(_ fields: HPACKHeaders, on stream: UInt32, isLast: Bool) {
        if let call = calls[stream] {
            call.received(ByteBuffer(), isLast: isLast)
        } else {
            begin(stream, fields, isLast: isLast)
        }
    }

    func received(_ bytes: ByteBuffer, on stream: UInt32, isLast: Bool) {
        calls[stream]?.received(bytes, isLast: isLast)
    }

    func passed(_ count: Int, of stream: UInt32) {
        guard let call = calls[stream] else { return }
        let wasFull = isFull
        call.unsentBytes -= count
        unsentBytes -= count
        if wasFull, !isFull {
            pumpAllLater()
        } else if call.source != nil, call.unsentBytes == 0 {
            pumpLater(call)
        }
    }

    func pingAnswered() {
        loop.pingAnswered(self)
    }

    func failed(_ code: HTTP2Code, _ reason: String) {
        close(code, reason)
    }
}
