internal import CLinux
internal import Glibc
internal import Synchronization

/// A socket that accepts connections, with its file and lock.
///
/// A Unix socket's file has its mode and owner before anybody can connect to it (they are set between bind() and
/// listen()). A stale file is replaced only under a lock that proves that no other daemon uses the path.
package final class Listener: Sendable {
    /// Whether it is a Unix socket.
    package let isUnix: Bool
    /// Whether peers are on this host: it is a Unix socket, or bound to a loopback address.
    package let isLoopback: Bool
    /// The address. When port 0 was requested, it has the port that the system chose.
    package let address: ListenAddress

    private struct Sockets {
        /// `nil` after it was closed.
        var current: FileDescriptor?
        /// Replaces the current one when the accepting thread releases that one.
        var next: FileDescriptor?
    }

    private let sockets: Mutex<Sockets>
    private let file: SocketFile?

    /// The kernel's maximum (net.core.somaxconn caps it), so that a burst of connecting pods is not refused.
    private static let backlog: Int32 = 4096

    /// The number of the current socket; -1 after it was closed.
    var descriptor: Int32 { sockets.withLock { $0.current?.number ?? -1 } }

    /// A duplicate descriptor of the same socket, for another owner. The caller closes it.
    package func duplicate() throws(ListenError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .system("cannot duplicate the socket of \(address): \(systemError)") }
        return copy
    }

    /// Opens a socket at `address`.
    ///
    /// - Parameters:
    ///   - name: the address as it was written, with its option, for messages.
    ///   - isIPv6Only: whether `[::]` leaves IPv4 to another listener of the same port.
    package init(
        _ address: ListenAddress,
        ownership: SocketOwnership,
        allowsAnyHost: Bool,
        name: String? = nil,
        isIPv6Only: Bool = false
    ) throws(ListenError) {
        switch address {
        case .unix(let path):
            let file = try SocketFile(path: path, ownership: ownership)
            sockets = Mutex(Sockets(current: try Self.listening(try file.bind(), address)))
            self.file = file
            self.address = address
            (isUnix, isLoopback) = (true, true)
        case .tcp(let host, let port), .tls(let host, let port):
            let socket = try TCPBinding(
                host: host,
                port: port,
                allowsAnyHost: allowsAnyHost,
                name: name ?? "--listen \(address)",
                isIPv6Only: isIPv6Only
            ).bind()
            guard let bound = SocketAddress.bound(to: socket.number) else {
                throw .system("cannot read the address of \(address): \(systemError)")
            }
            self.address = address.isTLS ? bound.listenAddress.withTLS : bound.listenAddress
            file = nil
            (isUnix, isLoopback) = (false, bound.isLoopback)
            sockets = Mutex(Sockets(current: try Self.listening(socket, address)))
        }
    }

    private static func listening(_ socket: FileDescriptor, _ address: ListenAddress) throws(ListenError)
        -> FileDescriptor
    {
        guard listen(socket.number, backlog) == 0 else {
            throw .system("cannot listen on \(address): \(systemError)")
        }
        return socket
    }

    /// Takes over a socket that another program opened, such as systemd. That program is responsible for its file, mode
    /// and lock.
    package init(inherited descriptor: Int32, allowsAnyHost: Bool) throws(ListenError) {
        var accepts: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length) == 0, accepts != 0 else {
            throw .configuration(
                "the inherited descriptor \(descriptor) is not a listening stream socket; check the socket unit"
            )
        }
        sockets = Mutex(Sockets(current: FileDescriptor(descriptor)))
        guard let address = SocketAddress.bound(to: descriptor) else {
            throw .configuration(
                "the inherited descriptor \(descriptor) is neither a Unix nor a TCP socket; check the socket unit"
            )
        }
        if case .tcp = address.listenAddress, !address.isLoopback, !allowsAnyHost {
            throw TCPBinding.exposed(address.listenAddress.description)
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.address = address.listenAddress
        file = nil
        isUnix = if case .unix = address.listenAddress { true } else { false }
        isLoopback = address.isLoopback
    }

    // MARK: - A socket file that was removed

    /// Whether the socket's file is still the one that was bound. Always true for a socket from systemd, which manages
    /// its file.
    var isInPlace: Bool { file?.isInPlace ?? true }

    /// Binds the path again and listens there. The accepting thread switches to it with ``takeReplacement()``.
    func restore() throws(ListenError) {
        guard let socket = try file?.bindAgain() else { return }
        let listening = try Self.listening(socket, address)
        sockets.withLock { sockets in
            if sockets.current != nil { sockets.next = listening }
        }
    }

    /// Replaces the current socket with the restored one.
    ///
    /// - Returns: the old one, on which connections may still wait to be accepted; `nil` when nothing was restored.
    func takeReplacement() -> FileDescriptor? {
        sockets.withLock { sockets in
            guard let next = sockets.next.take() else { return nil }
            defer { sockets.current = next }
            return sockets.current
        }
    }

    /// Stops listening and removes the file, even when others still have a reference to this listener.
    package func close() {
        file?.close()
        sockets.withLock { $0 = Sockets() }
    }

    /// The sockets that systemd passed (sd_listen_fds(3)): descriptors 3 and up, when they are meant for this process.
    static func inheritedDescriptors() -> [Int32] {
        guard let owner = getenv("LISTEN_PID"), Int32(String(cString: owner)) == getpid(),
            let count = getenv("LISTEN_FDS").flatMap({ Int32(String(cString: $0)) }), count > 0, count < 1024
        else { return [] }
        return Array(3..<3 + count)
    }
}
