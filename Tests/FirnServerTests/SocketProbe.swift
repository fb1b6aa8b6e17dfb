import Glibc

@testable import FirnServer

/// A new directory, gone with the value.
struct TemporaryDirectory: ~Copyable {
    let path: String

    init() {
        var template = Array("/tmp/firn-tests-XXXXXX\0".utf8CString)
        precondition(mkdtemp(&template) != nil, "mkdtemp: \(String(cString: strerror(errno)))")
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// What is in it, sorted.
    var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// The system calls that the tests of listening sockets look through.
enum SocketProbe {
    /// A stream socket that blocks.
    static func make(_ family: Int32 = AF_UNIX) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return FileDescriptor(socket(family, type, 0))
    }

    /// Connects to the Unix socket at `path`.
    ///
    /// - Returns: 0, or the errno.
    static func connect(unix path: String) -> Int32 {
        let probe = make()
        let result = SocketAddress.withUnix(path: path) { Glibc.connect(probe.number, $0, $1) }
        return result == 0 ? 0 : errno
    }

    private static func connect(ipv6LoopbackPort port: UInt16) -> Int32 {
        let probe = make(AF_INET6)
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        let length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(probe.number, $0, length) }
        }
        return result == 0 ? 0 : errno
    }

    /// Connects to a port of 127.0.0.1, or of ::1.
    ///
    /// - Returns: 0, or the errno.
    static func connect(loopbackPort port: UInt16, isIPv6: Bool = false) -> Int32 {
        guard !isIPv6 else { return connect(ipv6LoopbackPort: port) }
        let probe = make(AF_INET)
        let result = withAddress(0x7f00_0001, port: port) { Glibc.connect(probe.number, $0, $1) }
        return result == 0 ? 0 : errno
    }

    /// A socket at `path`, as another program would have it.
    static func bind(unix path: String, listens: Bool) -> FileDescriptor {
        let descriptor = make()
        let result = SocketAddress.withUnix(path: path) { Glibc.bind(descriptor.number, $0, $1) }
        precondition(result == 0, "bind: \(systemError)")
        if listens { precondition(listen(descriptor.number, 8) == 0, "listen: \(systemError)") }
        return descriptor
    }

    /// A socket at a port that the system chooses, listening; its descriptor is the caller's to close.
    static func listenTCP(_ host: UInt32) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let result = withAddress(host, port: 0) { Glibc.bind(descriptor, $0, $1) }
        precondition(result == 0 && listen(descriptor, 8) == 0, "listen: \(systemError)")
        return descriptor
    }

    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    private static func withAddress(
        _ host: UInt32,
        port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
