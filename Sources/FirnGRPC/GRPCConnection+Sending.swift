internal import NIOCore

/// What a connection sends, and how much waits to be sent.
extension GRPCConnection {
    func send(_ message: ByteBuffer, of call: GRPCCall) {
        guard context != nil, phase != .lingering else { return }
        call.unsentBytes += message.readableBytes
        unsentBytes += message.readableBytes
        session.send(message, on: call.stream)
    }

    /// Gives what was queued to the socket. While the session is busy this is left to the turn's end.
    func flush() {
        guard let context, phase != .lingering, let bytes = session.takeOutput() else { return }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Sends what was queued, and closes the connection if this was the last.
    func endTurn() {
        flush()
        guard !session.isBusy, phase != .lingering else { return }
        if session.isOver { linger() } else { closeIfDrained() }
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
    var isFull: Bool { isFull(unsentBytes) }

    func isFull(_ unsentBytes: Int) -> Bool { unsentBytes >= loop.limits.maximumUnsentBytes }

    /// Continues a call in a turn of its own, after what has arrived was read. The event loop would run a task without a
    /// delay before it reads again, so a stream that is read as fast as it is written would never be cancelled.
    func pumpLater(_ call: GRPCCall) {
        if !call.isToPump {
            call.isToPump = true
            toPump.append(call)
        }
        schedulePump()
    }

    func pumpAllLater() {
        for call in calls.values where call.source != nil { pumpLater(call) }
    }

    /// The delay must not have passed before the event loop looks for tasks again. So where a turn takes long, as on a slow
    /// machine, the delay is longer too.
    private func schedulePump(after delay: TimeAmount = pumpDelay) {
        guard !isPumpScheduled, !toPump.isEmpty else { return }
        isPumpScheduled = true
        channel.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
            let began = NIODeadline.now()
            pump()
            isPumpScheduled = false
            let taken = NIODeadline.now() - began
            // Once it is no longer full, all are continued.
            if !isFull { schedulePump(after: max(Self.pumpDelay, .nanoseconds(taken.nanoseconds / 4))) }
        }
    }

    private func pump() {
        var turn = toPump[...]
        toPump = []
        while !isFull, let call = turn.popFirst() {
            call.isToPump = false
            call.source?.pump()
        }
        // Those that were kept from sending are first the next time.
        toPump.insert(contentsOf: turn, at: 0)
        endTurn()
    }
}

extension GRPCConnection: HTTP2SessionDelegate {
    func received(_ fields: RequestFields, on stream: Int32, isLast: Bool) {
        begin(stream, fields, isLast: isLast)
    }

    func received(_ bytes: ByteBuffer, on stream: Int32) {
        calls[stream]?.received(bytes)
    }

    func receivedEnd(of stream: Int32) {
        calls[stream]?.receivedEnd()
    }

    func passed(_ count: Int, of stream: Int32) {
        guard let call = calls[stream] else { return }
        call.unsentBytes -= count
        unsentBytes -= count
        if call.source != nil, call.unsentBytes == 0 { pumpLater(call) }
    }

    func pingAnswered() {
        loop.pingAnswered(self)
    }

    func sendQueued() -> Bool {
        flush()
        return context == nil || channel.isWritable
    }
}
