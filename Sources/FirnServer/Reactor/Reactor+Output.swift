internal import CLinux
internal import FirnEngine
internal import FirnWire
internal import Glibc

/// Answers go out.
///
/// A wake-up first serves everything that came, then sends. A peer that waits for its answer is woken while the others
/// are being sent, and finds them when it asks for more: it sleeps less, and waking it is most of what a call costs.
extension Reactor {
    /// The bytes of answers for all connections after which they are sent before more is served.
    static let outputCapacity = 256 * 1024
    /// The letters after which they are sent before more is served: a wake-up's events, and half as many again.
    static let lettersCapacity = 192

    /// How long the session may let `output` grow.
    func outputLimit(of connection: Connection) -> Int {
        output.count + limits.maximumUnsentBytes - connection.unsent.count
    }

    /// Addresses what the session has written to `output` to its connection, to be sent before the wake-up ends.
    func answered(_ connection: Connection) {
        // Now and whatever is unsent: the store's answer may be the next thing that this wake-up finds.
        if connection.phase == .open, connection.session.hasStoreCalls {
            storeWaiters[ObjectIdentifier(connection)] = connection
        }
        letters[letterCount] = Letter(connection: .passUnretained(connection), end: output.count)
        letterCount += 1
        if letterCount == Self.lettersCapacity || output.count >= Self.outputCapacity { deliver() }
    }

    /// Sends the wake-up's answers; what the kernel does not take waits in each connection.
    func deliver() {
        guard letterCount > 0 else { return }
        let count = letterCount
        service.recorder?.count()
        output.withUnsafeBytes { bytes in
            var start = 0
            for index in 0..<count {
                let letter = letters[index]
                letter.connection._withUnsafeGuaranteedRef { connection in
                    if letter.end > start, connection.phase != .closed {
                        send(UnsafeRawBufferPointer(rebasing: bytes[start..<letter.end]), to: connection)
                    }
                }
                start = letter.end
            }
        }
        for index in 0..<count {
            letters[index].connection._withUnsafeGuaranteedRef { connection in
                if connection.phase != .closed { afterSending(connection) }
            }
        }
        precondition(letterCount == count, "what follows sending writes no answers")
        letterCount = 0
        output.removeAll()
        service.sent()
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

    /// The kernel takes bytes again.
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
            if connection.sawEnd, connection.isQuiet, !connection.isPaused { return close(connection) }
        }
        if connection.unsent.count < limits.maximumUnsentBytes, connection.phase == .open {
            if connection.session.hasWaitingCalls { joinLine(connection) }
            resumeInput(connection)
        }
        updateWatch(connection)
        scheduleSweep(connection)
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
