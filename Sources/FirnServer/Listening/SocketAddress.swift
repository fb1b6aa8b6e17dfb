internal import Glibc

/// A socket's address, in the form that system calls take.
struct SocketAddress {
    let listenAddress: ListenAddress
    let isLoopback: Bool

    /// The address that `descriptor` is bound to; `nil` when it is neither a Unix nor an IP address.
    static func bound(to descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getsockname(descriptor, address, &length) == 0 else { return nil }
                return SocketAddress(address, length: length)
            }
        }
    }

    init?(_ address: UnsafeMutablePointer<sockaddr>, length: socklen_t) {
        switch Int32(address.pointee.sa_family) {
        case AF_UNIX:
            let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
            let name = UnsafeRawBufferPointer(start: address, count: Int(length)).dropFirst(offset)
            // An abstract name begins with a NUL, which is usually written as @; a path ends at a NUL.
            let isAbstract = name.first == 0
            let path = isAbstract ? name.dropFirst() : name.prefix { $0 != 0 }
            listenAddress = .unix(path: (isAbstract ? "@" : "") + String(decoding: path, as: UTF8.self))
            isLoopback = true
        case AF_INET:
            let inet = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
            guard let host = Self.host(address, length: length) else { return nil }
            listenAddress = .tcp(host: host, port: UInt16(bigEndian: inet.sin_port))
            isLoopback = UInt32(bigEndian: inet.sin_addr.s_addr) >> 24 == 127
        case AF_INET6:
            let inet = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
            guard let host = Self.host(address, length: length) else { return nil }
            listenAddress = .tcp(host: host, port: UInt16(bigEndian: inet.sin6_port))
            isLoopback = host == "::1" || host.hasPrefix("::ffff:127.")
        default:
            return nil
        }
    }

    /// Calls `body` with the address of the Unix socket at `path`.
    ///
    /// - Precondition: the path is at most ``ListenAddress/maximumPathLength`` bytes long.
    static func withUnix<Result>(path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        precondition(path.utf8.count <= ListenAddress.maximumPathLength, "a longer path was refused when it was read")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func host(_ address: UnsafeMutablePointer<sockaddr>, length: socklen_t) -> String? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
