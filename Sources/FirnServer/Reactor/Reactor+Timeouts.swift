internal import CLinux
internal import FirnEngine
internal import FirnWire

/// Timeouts of frames, peers and draining.
extension Reactor {
    /// Schedules a check of the connection's timeouts for the time when the first of them may expire. A check that is
    /// scheduled earlier stays: a timeout that moves with each call costs only an occasional check.
    func scheduleTimeout(_ connection: Connection) {
        guard let (at, _) = timeout(of: connection), at < connection.timeoutCheck else { return }
        let granules = max(at, service.moment.bootNanoseconds) / Self.timeoutGranularity + 1
        connection.timeoutCheck = granules * Self.timeoutGranularity
        timeoutChecks.set(connection.session.peer.slot, to: connection.timeoutCheck)
    }

    /// Closes the connections whose timeout has expired.
    func checkTimeouts() {
        let now = service.moment.bootNanoseconds
        if let acceptor, acceptor.resumesAt <= now { resumeAccepting(acceptor) }
        while let slot = timeoutChecks.popDue(now: now) {
            guard let connection = connections[slot] else { continue }
            connection.timeoutCheck = .max
            if let (at, reason) = timeout(of: connection), at <= now { timedOut(connection, reason) }
            scheduleTimeout(connection)
        }
    }

    /// Why a connection is closed if nothing happens, and when, in boot nanoseconds.
    private func timeout(of connection: Connection) -> (at: Int64, reason: Connection.TimeoutReason)? {
        guard connection.phase != .closed else { return nil }
        let own = ownTimeout(of: connection)
        guard let drainDeadline else { return own }
        let drain = drainTimeout(of: connection, deadline: drainDeadline)
        guard let own, own.at < drain.at else { return drain }
        return own
    }

    private func ownTimeout(of connection: Connection) -> (at: Int64, reason: Connection.TimeoutReason)? {
        if connection.phase == .lingering { return (connection.lingerBegan + Self.maximumLinger, .lingered) }
        if !connection.unsent.isEmpty { return (connection.sendProgressed + timeouts.send, .unread) }
        if let began = connection.frameBegan { return (began + timeouts.frame, .slowFrame) }
        guard let idle = connection.isUnix ? timeouts.unixIdle : timeouts.tcpIdle,
            !requests.isPending(connection.session.peer)
        else { return nil }
        return (connection.lastReceived + idle, .idle)
    }

    /// A draining connection ends when its peer closes it, or when nothing is left to answer and nothing more arrives.
    private func drainTimeout(
        of connection: Connection,
        deadline: Int64
    ) -> (at: Int64, reason: Connection.TimeoutReason) {
        guard connection.phase == .open else { return (deadline + Self.lastWordsTime, .cutOff) }
        let quiet = connection.lastReceived + Self.drainQuiet
        return isQuiet(connection) && quiet < deadline ? (quiet, .drained) : (deadline, .refused)
    }

    private func timedOut(_ connection: Connection, _ reason: Connection.TimeoutReason) {
        switch reason {
        case .unread:
            connection.ending = .unread
            close(connection)
        case .lingered:
            close(connection)
        case .drained:
            finish(connection, because: .draining)
        case .refused:
            refuseRequests(of: connection, service.closed)
            if connection.phase == .open { finish(connection, because: .draining) }
        case .cutOff:
            connection.ending = .draining
            close(connection)
        case .slowFrame:
            output.appendError(callID: 0, SessionNotice.slowFrame(limits))
            finish(connection, because: .slowFrame)
        case .idle:
            output.appendGoAway(reason: SessionNotice.idle)
            finish(connection, because: .idle)
        }
    }

    func startDraining() {
        drainDeadline = service.moment.bootNanoseconds + timeouts.drain
        acceptor?.descriptors.forEach { epoll_ctl(epoll.number, EPOLL_CTL_DEL, $0, nil) }
        acceptor?.close()
        acceptor = nil
        for connection in connections.compactMap({ $0 }) {
            if connection.phase == .open { tellToGoAway(connection) } else { scheduleTimeout(connection) }
        }
    }

    func tellToGoAway(_ connection: Connection) {
        output.appendGoAway(reason: SessionNotice.stopping)
        connection.lastReceived = service.moment.bootNanoseconds
        answered(connection)
    }
}
