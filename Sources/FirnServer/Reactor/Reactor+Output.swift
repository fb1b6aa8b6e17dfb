internal import CLinux
internal import FirnEngine
internal import FirnWire
internal import Glibc

/// Sending answers, with one system call for all answers to a connection's input.
extension Reactor {
    /// The length to which the session may let `output` grow.
    func outputLimit(of connection: Connection) -> Int {
        limits.maximumUnsentBytes - connection.unsent.count
    }

    /// Sends what the session has written to `output`. What the kernel does not accept is kept in the connection.
    func answered(_ connection: Connection) {
        if !output.isEmpty {
            service.recorder?.count()
            if connection.phase != .closed { output.withUnsafeBytes { send($0, to: connection) } }
            output.removeAll()
        }
        if connection.phase != .closed { afterSending(connection) }
    }

    private func send(_ bytes: UnsafeRawBufferPointer, to connection: Connection) {
        var sent = 0
        if connection.unsent.isEmpty {
            sent = firn_send(connection.descriptor, bytes.baseAddress, bytes.count)
            guard sent >= 0 || errno == EAGAIN else { return close(connection) }
            sent = max(0, sent)
            connection.sendProgressed = service.moment.bootNanoseconds
        }
        if sent < bytes.count {
            connection.unsent.append(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        }
    }

    /// The kernel accepts bytes again.
    func sendUnsent(_ connection: Connection) {
        let sent = connection.unsent.withUnsafeBytes { firn_send(connection.descriptor, $0.baseAddress, $0.count) }
        guard sent >= 0 || errno == EAGAIN else { return close(connection) }
        if sent > 0 {
            connection.unsent.removeFirst(sent)
            if connection.unsent.isEmpty { connection.unsent.release() }
            connection.sendProgressed = service.moment.bootNanoseconds
        }
        afterSending(connection)
    }

    private func afterSending(_ connection: Connection) {
        if connection.unsent.isEmpty {
            if connection.phase == .finishing { return linger(connection) }
            if connection.sawEnd, isQuiet(connection), !connection.isPaused { return close(connection) }
        }
        if connection.unsent.count < limits.maximumUnsentBytes, connection.phase == .open {
            resumeRequests(connection)
            resumeInput(connection)
        }
        updateWatch(connection)
        scheduleTimeout(connection)
    }

    /// Resumes requests that waited for the peer to read.
    private func resumeRequests(_ connection: Connection) {
        guard connection.isParked else { return }
        connection.isParked = false
        requests.hasRead(connection.session.peer)
    }

    /// Resumes a paused connection, when its session takes requests again.
    private func resumeInput(_ connection: Connection) {
        guard connection.isPaused, connection.session.takesRequests(requests) else { return }
        connection.isPaused = false
        connection.hasLeftover = true
        leftovers.append(connection)
    }

    /// Whether nothing is left to answer or to send.
    func isQuiet(_ connection: Connection) -> Bool {
        connection.unsent.isEmpty && !connection.hasLeftover && !requests.isPending(connection.session.peer)
    }

    func updateWatch(_ connection: Connection) {
        let reads =
            !connection.sawEnd && !connection.isPaused && !connection.hasLeftover && connection.phase != .finishing
        let events = (reads ? EPOLLIN.rawValue : 0) | (connection.unsent.isEmpty ? 0 : EPOLLOUT.rawValue)
        guard events != connection.watched else { return }
        connection.watched = events
        var event = epoll_event(
            events: events,
            data: epoll_data_t(u64: UInt64(UInt(bitPattern: Unmanaged.passUnretained(connection).toOpaque())))
        )
        epoll_ctl(epoll.number, EPOLL_CTL_MOD, connection.descriptor, &event)
    }
}
