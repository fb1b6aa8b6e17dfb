internal import CLinux
internal import Glibc
internal import Synchronization

/// What other threads say to a reactor, and the bell that wakes it.
final class Mailbox: Sendable {
    struct Contents {
        var sockets: [AcceptedSocket] = []
        var drains = false
    }

    private let contents = Mutex(Contents())
    /// Connections that the reactor has, or is about to: what listeners choose by.
    let connectionCount = Atomic<Int>(0)
    /// An eventfd(2), readable while something is in the box.
    let bell: FileDescriptor

    init() throws(ListenError) {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .system("cannot make an eventfd: \(systemError)") }
        bell = FileDescriptor(descriptor)
    }

    /// Hands a new connection over.
    func hand(_ socket: AcceptedSocket) {
        connectionCount.wrappingAdd(1, ordering: .relaxed)
        contents.withLock { $0.sockets.append(socket) }
        ring()
    }

    /// Tells the reactor to finish its connections and end.
    func drain() {
        contents.withLock { $0.drains = true }
        ring()
    }

    /// Takes what is in the box.
    func empty() -> Contents {
        var count: UInt64 = 0
        _ = read(bell.number, &count, MemoryLayout<UInt64>.size)
        return contents.withLock { contents in
            defer { contents.sockets.removeAll() }
            return contents
        }
    }

    private func ring() {
        var one: UInt64 = 1
        // Full only after 2^64 - 1 rings, and then the bell rings anyway.
        _ = write(bell.number, &one, MemoryLayout<UInt64>.size)
    }
}

/// A connection on its way from the listener to the reactor that will serve it.
struct AcceptedSocket: Sendable {
    let descriptor: Int32
    /// The peer's user on a Unix socket; `nil` on TCP.
    let user: UInt32?
}
