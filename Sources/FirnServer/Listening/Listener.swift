internal import CLinux
internal import Glibc
internal import Synchronization

/// A socket that accepts connections, and the file and lock that go with it.
///
/// A Unix socket's file has its mode and owner before anybody can connect to it (they are set between bind() and
/// listen()), and a stale file is replaced only under a lock that proves that no other daemon lives there.
package final class Listener: Sendable {
    /// Whether peers are of this host's Unix sockets.
    package let isUnix: Bool
    /// Whether peers are of this host: a Unix socket's, or a loopback address's.
    package let isLoopback: Bool
    /// Where it listens, with the port that the system chose where 0 was asked for.
    package let address: ListenAddress

    private struct Sockets {
        /// `nil` once it was closed.
        var current: FileDescriptor?
        /// Takes the place of the current one when the thread that accepts on that one lets it go.
        var next: FileDescriptor?
    }

    private let sockets: Mutex<Sockets>
    private let file: SocketFile?

    /// As many as the kernel allows (net.core.somaxconn caps it): a burst of pods connecting is no reason to refuse.
    private static let backlog: Int32 = 4096

    /// The number of the present socket; -1 once it was closed.
    var descriptor: Int32 { sockets.withLock { $0.current?.number ?? -1 } }

    /// Another number for the same socket, for another owner. The caller closes it.
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
        case .tcp(let host, let port):
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
            self.address = bound.listenAddress
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

    /// Takes a socket that somebody else opened, as systemd does. Its file, mode and lock are theirs.
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

    // MARK: - A file that goes away

    /// Whether the socket's file is still the one that was bound. What systemd handed over is systemd's to look after.
    var isInPlace: Bool { file?.isInPlace ?? true }

    /// Binds the path once more and listens there. The accepting thread takes it up by ``takeReplacement()``.
    func restore() throws(ListenError) {
        guard let socket = try file?.bindAgain() else { return }
        let listening = try Self.listening(socket, address)
        sockets.withLock { sockets in
            if sockets.current != nil { sockets.next = listening }
        }
    }

    /// Puts the restored socket in the place of the present one.
    ///
    /// - Returns: the old one, on which somebody may still wait to be accepted; `nil` when nothing was restored.
    func takeReplacement() -> FileDescriptor? {
        sockets.withLock { sockets in
            guard let next = sockets.next.take() else { return nil }
            defer { sockets.current = next }
            return sockets.current
        }
    }

    /// Stops listening and removes the file, also where others still know this listener.
    func close() {
        file?.close()
        sockets.withLock { $0 = Sockets() }
    }

    /// The sockets that systemd handed over (sd_listen_fds(3)): descriptors 3 and up, when they are meant for us.
    static func inheritedDescriptors() -> [Int32] {
        guard let owner = getenv("LISTEN_PID"), Int32(String(cString: owner)) == getpid(),
            let count = getenv("LISTEN_FDS").flatMap({ Int32(String(cString: $0)) }), count > 0, count < 1024
        else { return [] }
        return Array(3..<3 + count)
    }
}
