internal import FirnServer
internal import FirnWire
internal import NIOCore

/// How a connection ends when the daemon stops (RFC 9113, section 6.8): the peer is told that calls will not be taken any
/// more, has the time of a round trip to learn it, and is then told which calls were.
extension GRPCConnection {
    /// How long a peer that does not answer a PING has to learn it.
    private static let roundTripTime = TimeAmount.milliseconds(200)

    func startDraining(_ status: Status) {
        guard phase == .open else { return }
        endStreams(status)
        phase = .draining
        drainBegan = .now()
        session.announceEnd()
        flush()
    }

    /// Ends what would go on without an end.
    private func endStreams(_ status: Status) {
        for call in Array(calls.values) where call.source != nil { call.fail(status) }
    }

    /// The time to finish has passed: ends what has not ended, such as conversations and calls without their message.
    func endAllCalls(_ status: Status) {
        for call in Array(calls.values) { call.fail(status) }
        endTurn()
    }

    func finishDraining() {
        guard phase == .draining, !hasAnnouncedEnd else { return }
        hasAnnouncedEnd = true
        // Those that began in the meantime.
        endStreams(loop.mint.closed)
        session.refuseStreams("the daemon is stopping")
        endTurn()
    }

    func drainCheck(_ now: NIODeadline) {
        if phase == .open { startDraining(loop.mint.closed) }
        if now >= drainBegan + Self.roundTripTime { finishDraining() }
        endTurn()
    }

    func closeIfDrained() {
        // While it is busy, something is still to be sent.
        guard phase == .draining, hasAnnouncedEnd, calls.isEmpty, !session.isBusy else { return }
        linger()
    }
}
