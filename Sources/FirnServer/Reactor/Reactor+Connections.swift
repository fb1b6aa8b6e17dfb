internal import CLinux
internal import FirnEngine
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

/// Connections come and go.
extension Reactor {
    func accept() {
        guard let acceptor else { return }
        acceptor.acceptWaiting(now: service.moment.bootNanoseconds)
        if acceptor.isSuspended { acceptor.descriptors.forEach { setWatched($0, false) } }
    }

    /// Accepting goes on after a pause.
    func resumeAccepting(_ acceptor: Acceptor) {
        acceptor.resume()
        acceptor.descriptors.forEach { setWatched($0, true) }
    }

    /// Changed and not taken out and put in again, which could fail.
    private func setWatched(_ listener: Int32, _ isWatched: Bool) {
        var event = epoll_event(
            events: isWatched ? EPOLLIN.rawValue : 0,
            data: epoll_data_t(u64: Self.listenerTag)
        )
        epoll_ctl(epoll.number, EPOLL_CTL_MOD, listener, &event)
    }

    /// Sockets were bound anew, as their files had gone.
    func takeNewListeners() {
        guard let acceptor else { return }
        for (old, new) in acceptor.takeReplacements(now: service.moment.bootNanoseconds) {
            epoll_ctl(epoll.number, EPOLL_CTL_DEL, old.number, nil)
            var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: Self.listenerTag))
            if epoll_ctl(epoll.number, EPOLL_CTL_ADD, new, &event) != 0 {
                logger.error("a socket that was bound anew cannot be watched", metadata: ["error": "\(systemError)"])
            }
        }
        if acceptor.isSuspended { acceptor.descriptors.forEach { setWatched($0, false) } }
    }

    func open(_ socket: AcceptedSocket) {
        let lane = lanes.min { $0.connectionCount < $1.connectionCount }!
        let connection = Connection(socket, lane: lane, limits: limits, now: service.moment.bootNanoseconds)
        lane.connectionCount += 1
        connections[ObjectIdentifier(connection)] = connection
        service.recorder?.meter.has(connections: connections.count)
        var event = epoll_event(
            events: EPOLLIN.rawValue,
            data: epoll_data_t(u64: UInt64(UInt(bitPattern: Unmanaged.passUnretained(connection).toOpaque())))
        )
        connection.watched = EPOLLIN.rawValue
        guard epoll_ctl(epoll.number, EPOLL_CTL_ADD, connection.descriptor, &event) == 0 else {
            logger.warning("a connection could not be watched", metadata: ["error": "\(systemError)"])
            return close(connection)
        }
        if drainDeadline != nil { tellToGoAway(connection) }
        scheduleSweep(connection)
    }

    /// Sends the last answers, then closes; nothing more is read.
    func finish(_ connection: Connection, because reason: ClosingReason) {
        connection.phase = .finishing
        connection.ending = reason
        leaveLine(connection)
        storeWaiters[ObjectIdentifier(connection)] = nil
        connection.frameBegan = nil
        connection.unread.release()
        answered(connection)
    }

    func linger(_ connection: Connection) {
        connection.phase = .lingering
        connection.lingerBegan = service.moment.bootNanoseconds
        shutdown(connection.descriptor, Int32(SHUT_WR))
        if connection.sawEnd { return close(connection) }
        updateWatch(connection)
        scheduleSweep(connection)
    }

    func close(_ connection: Connection) {
        guard connection.phase != .closed else { return }
        connection.phase = .closed
        leaveLine(connection)
        storeWaiters[ObjectIdentifier(connection)] = nil
        epoll_ctl(epoll.number, EPOLL_CTL_DEL, connection.descriptor, nil)
        shutdown(connection.descriptor, Int32(SHUT_RDWR))
        connection.lane.connectionCount -= 1
        // In this order: between the two nobody else may hold it.
        graveyard.append(connection)
        connections[ObjectIdentifier(connection)] = nil
        service.recorder?.meter.has(connections: connections.count)
        service.recorder?.meter.closedConnection(connection.ending ?? .peer)
        census.leave(user: connection.user)
        mailbox.connectionCount.wrappingSubtract(1, ordering: .relaxed)
    }
}
