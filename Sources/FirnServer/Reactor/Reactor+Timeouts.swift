internal import CLinux
internal import FirnEngine
internal import FirnWire

/// Time runs out: for frames, peers and the daemon itself.
extension Reactor {
    func scheduleSweep(_ connection: Connection) {
        guard let (at, _) = connection.timeout(timeouts), at < nextSweep else { return }
        nextSweep = max(at, service.moment.bootNanoseconds + Self.sweepGranularity)
    }

    func expire() {
        let now = service.moment.bootNanoseconds
        if let acceptor, acceptor.resumesAt <= now { resumeAccepting(acceptor) }
        for connection in Array(storeWaiters.values) where connection.session.earliestDeadline <= now {
            connection.session.expireCalls(service: service, output: output)
            if !connection.session.hasStoreCalls { storeWaiters[ObjectIdentifier(connection)] = nil }
            answered(connection)
        }
        guard now >= nextSweep else { return }
        nextSweep = .max
        for connection in Array(connections.values) {
            if let (at, reason) = connection.timeout(timeouts), at <= now { timedOut(connection, reason) }
            if drainDeadline != nil { advanceDrain(connection, now: now) }
            scheduleSweep(connection)
        }
        if drainDeadline != nil { nextSweep = min(nextSweep, now + Self.sweepGranularity) }
    }

    func timedOut(_ connection: Connection, _ reason: Connection.TimeoutReason) {
        switch reason {
        case .unread:
            connection.ending = .unread
            close(connection)
        case .lingered:
            close(connection)
        case .slowFrame:
            output.appendError(
                callID: 0,
                Status(
                    .deadlineExceeded,
                    "a frame was not complete within \(limits.frameTimeout) of its first byte; send whole frames"
                )
            )
            finish(connection, because: .slowFrame)
        case .idle:
            output.appendGoAway(reason: "the connection was idle; connect again when there is something to ask")
            finish(connection, because: .idle)
        }
    }

    func startDraining() {
        drainDeadline = service.moment.bootNanoseconds + timeouts.drain
        acceptor?.descriptors.forEach { epoll_ctl(epoll.number, EPOLL_CTL_DEL, $0, nil) }
        acceptor?.close()
        acceptor = nil
        for connection in Array(connections.values) where connection.phase == .open { tellToGoAway(connection) }
        nextSweep = 0
    }

    func tellToGoAway(_ connection: Connection) {
        output.appendGoAway(reason: "the daemon is stopping; connect to another one, or to this address again soon")
        connection.lastReceived = service.moment.bootNanoseconds
        answered(connection)
    }

    /// A draining connection ends when its peer closes it, or when nothing is left to answer and nothing more comes.
    func advanceDrain(_ connection: Connection, now: Int64) {
        guard let drainDeadline else { return }
        if now >= drainDeadline + Self.lastWordsTime {
            connection.ending = .draining
            return close(connection)
        }
        guard connection.phase == .open else { return }
        if now >= drainDeadline {
            connection.session.failCalls(service.closed, service: service, output: output)
            finish(connection, because: .draining)
        } else if connection.isQuiet, now - connection.lastReceived >= Self.drainQuiet {
            finish(connection, because: .draining)
        }
    }
}
