internal import CLinux
internal import FirnEngine
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

/// Opening and closing connections.
extension Reactor {
    func accept() {
        guard let acceptor else { return }
        acceptor.acceptWaiting(now: service.moment.bootNanoseconds)
        if acceptor.isSuspended { acceptor.descriptors.forEach { setWatched($0, false) } }
    }

    /// Resumes accepting after a pause.
    func resumeAccepting(_ acceptor: Acceptor) {
        acceptor.resume()
        acceptor.descriptors.forEach { setWatched($0, true) }
    }

    /// Modifies the entry in epoll. To remove it and add it again could fail.
    private func setWatched(_ listener: Int32, _ isWatched: Bool) {
        var event = epoll_event(
            events: isWatched ? EPOLLIN.rawValue : 0,
            data: epoll_data_t(u64: Self.listenerTag)
        )
        epoll_ctl(epoll.number, EPOLL_CTL_MOD, listener, &event)
    }

    /// Switches to sockets that were bound again because their files were removed.
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
        let peer = requests.join()
        let connection = Connection(
            socket,
            session: Session(peer: peer),
            // A Unix socket has its mode, and --allow-uid.
            gate: socket.user == nil ? tokens.map { ConnectionGate($0) } : nil,
            now: service.moment.bootNanoseconds
        )
        while connections.count <= peer.slot { connections.append(nil) }
        connections[peer.slot] = connection
        connectionCount += 1
        service.recorder?.meter.has(connections: connectionCount)
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
        scheduleTimeout(connection)
    }

    /// The connection of a peer that the scheduler returned.
    func connection(of peer: PeerID) -> Connection {
        guard let connection = connections[peer.slot] else {
            preconditionFailure("a peer has left when its connection is closed")
        }
        return connection
    }

    /// Sends the last answers, then closes; nothing more is read.
    func finish(_ connection: Connection, because reason: ClosingReason) {
        connection.phase = .finishing
        connection.ending = reason
        requests.drop(connection.session.peer)
        // Input that was not read or not used yet is discarded while the connection lingers, like input that arrives
        // later.
        connection.isPaused = false
        connection.hasLeftover = false
        connection.isParked = false
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
        scheduleTimeout(connection)
    }

    func close(_ connection: Connection) {
        guard connection.phase != .closed else { return }
        connection.phase = .closed
        epoll_ctl(epoll.number, EPOLL_CTL_DEL, connection.descriptor, nil)
        shutdown(connection.descriptor, Int32(SHUT_RDWR))
        // In this order: between the two statements there may be no other reference to it.
        graveyard.append(connection)
        connections[connection.session.peer.slot] = nil
        connectionCount -= 1
        timeoutChecks.set(connection.session.peer.slot, to: .max)
        requests.leave(connection.session.peer)
        service.recorder?.meter.has(connections: connectionCount)
        service.recorder?.meter.closedConnection(connection.ending ?? .peer)
        limiter.leave(user: connection.user)
        mailbox.connectionCount.wrappingSubtract(1, ordering: .relaxed)
    }
}
