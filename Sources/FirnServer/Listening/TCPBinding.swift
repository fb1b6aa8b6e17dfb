internal import Glibc

/// A TCP address to listen on. Unless TLS admits only clients with a certificate, addresses beyond loopback must be
/// allowed explicitly.
struct TCPBinding {
    var host: String
    let port: UInt16
    let allowsAnyHost: Bool
    /// The address as it was written, with its option, for messages.
    let name: String
    /// Set for `[::]` when another socket listens on 0.0.0.0; otherwise Linux gives `[::]` both families.
    var isIPv6Only = false

    /// Whether the kernel supports IPv6.
    var hasIPv6: @Sendable () -> Bool = {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno != EAFNOSUPPORT }
        close(descriptor)
        return true
    }

    /// A bound socket.
    ///
    /// `::` means every address of both families, so that one configuration works on all hosts. When the kernel was
    /// started without IPv6, it means every IPv4 address.
    func bind() throws(ListenError) -> FileDescriptor {
        if host == "::", !hasIPv6() {
            guard !isIPv6Only else {
                throw .system("\(name) cannot be had, for this kernel has no IPv6; leave it out")
            }
            var binding = self
            binding.host = "0.0.0.0"
            return try binding.bind()
        }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0, let found else {
            throw .configuration(
                "the host '\(host)' of \(name) is not known: \(String(cString: gai_strerror(status)))"
            )
        }
        defer { freeaddrinfo(found) }
        var next: UnsafeMutablePointer<addrinfo>? = found
        var refusal = ListenError.configuration("the host '\(host)' has no IP address")
        // A name may have addresses that this machine does not have, such as ::1 where IPv6 is off. The first one that
        // can be bound is used.
        while let info = next {
            next = info.pointee.ai_next
            guard let address = SocketAddress(info.pointee.ai_addr, length: info.pointee.ai_addrlen) else { continue }
            guard address.isLoopback || allowsAnyHost else { throw Self.exposed(name) }
            do throws(ListenError) {
                return try bind(info.pointee)
            } catch {
                refusal = error
            }
        }
        throw refusal
    }

    private func bind(_ info: addrinfo) throws(ListenError) -> FileDescriptor {
        let type = info.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(info.ai_family, type, info.ai_protocol)
        guard descriptor >= 0 else { throw .system("cannot make a TCP socket for \(host): \(systemError)") }
        let result = FileDescriptor(descriptor)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        if isIPv6Only, info.ai_family == AF_INET6 {
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        guard Glibc.bind(descriptor, info.ai_addr, info.ai_addrlen) == 0 else {
            let reason = errno
            let message = "cannot bind \(name): \(systemError)"
            throw reason == EADDRINUSE
                ? .occupied(message + "; stop who serves it, or choose another port") : .system(message)
        }
        return result
    }

    static func exposed(_ address: String) -> ListenError {
        .configuration(
            "\(address) can be reached from other hosts, and anyone there could use up this worker's IDs; "
                + "listen on 127.0.0.1 or a Unix socket, ask for tokens with --token-file, use tls: with --tls-client-ca, or "
                + "say --insecure-tcp where the network itself is closed"
        )
    }
}
