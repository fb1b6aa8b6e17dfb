internal import CLinux
internal import FirnEngine
internal import FirnWire
internal import Glibc

/// Receiving and serving input.
extension Reactor {
    func receive(_ connection: Connection) {
        let kept = connection.unread.count
        let free = UnsafeMutableRawBufferPointer(rebasing: input[kept...])
        let count = firn_receive(connection.descriptor, free.baseAddress, free.count)
        guard count > 0 else {
            if count == 0 { return endOfInput(connection) }
            if errno != EAGAIN && errno != EINTR { close(connection) }
            return
        }
        connection.lastReceived = service.moment.bootNanoseconds
        guard connection.phase == .open else { return }
        if kept > 0 {
            connection.unread.withUnsafeBytes { input.copyMemory(from: $0) }
            connection.unread.release()
        }
        serve(connection, input: UnsafeRawBufferPointer(rebasing: input[..<(kept + count)]))
    }

    func serveLeftovers() {
        guard !leftovers.isEmpty else { return }
        let turn = leftovers
        leftovers.removeAll(keepingCapacity: true)
        for connection in turn {
            connection.hasLeftover = false
            guard connection.phase == .open else { continue }
            let count = connection.unread.count
            connection.unread.withUnsafeBytes { input.copyMemory(from: $0) }
            connection.unread.release()
            serve(connection, input: UnsafeRawBufferPointer(rebasing: input[..<count]))
        }
    }

    /// Serves the frames in `bytes`, keeps the rest, and sends the answers.
    func serve(_ connection: Connection, input bytes: UnsafeRawBufferPointer) {
        let (used, demand) =
            connection.gate == nil
            ? connection.session.received(
                bytes.bytes,
                decoder: decoder,
                requests: requests,
                output: output,
                outputLimit: outputLimit(of: connection)
            ) : receiveGated(connection, bytes.bytes)
        if used < bytes.count {
            connection.unread.append(UnsafeRawBufferPointer(rebasing: bytes[used...]))
        }
        connection.isPaused = demand == .pause
        switch demand {
        case .bytes:
            if used == bytes.count {
                connection.frameBegan = nil
            } else if used > 0 || connection.frameBegan == nil {
                connection.frameBegan = service.moment.bootNanoseconds
            }
        case .anotherTurn:
            connection.frameBegan = nil
            connection.hasLeftover = true
            leftovers.append(connection)
        case .pause:
            connection.frameBegan = nil
        case .close:
            return finish(connection, because: .protocol)
        }
        answered(connection)
    }

    @inline(never)
    private func receiveGated(_ connection: Connection, _ bytes: RawSpan) -> (used: Int, demand: Session.Demand) {
        guard var gate = connection.gate else { preconditionFailure("a connection keeps its gate") }
        return connection.session.received(
            bytes,
            decoder: decoder,
            requests: requests,
            output: output,
            outputLimit: outputLimit(of: connection),
            gate: &gate
        )
    }

    func endOfInput(_ connection: Connection) {
        connection.sawEnd = true
        connection.frameBegan = nil
        // Requests from before the end are still answered: a peer may shut down its sending side and continue to read.
        if connection.phase == .lingering || (isQuiet(connection) && !connection.isPaused) {
            close(connection)
        } else {
            updateWatch(connection)
        }
    }
}
