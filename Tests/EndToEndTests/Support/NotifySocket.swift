import Foundation

/// What a service manager has: the socket on which it hears how its service fares (sd_notify(3)).
final class NotifySocket {
    /// As `$NOTIFY_SOCKET` has it.
    let name: String
    /// All lines that came so far.
    private(set) var lines: [String] = []
    private let descriptor: Int32

    /// - Parameter name: a path, or an abstract name after an @.
    init(_ name: String) throws {
        self.name = name
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(AF_UNIX, type, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: name.utf8)
            if name.hasPrefix("@") { bytes[0] = 0 }
        }
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + name.utf8.count
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(length)) }
        }
        guard status == 0 else { throw TestFailure("bind \(name): \(systemError)") }
    }

    deinit {
        close(descriptor)
    }

    /// Reads all that has come.
    func listen() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return }
            lines += String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    /// How many lines of this beginning came so far.
    func count(_ beginning: String) -> Int {
        listen()
        return lines.count { $0.hasPrefix(beginning) }
    }

    /// Waits until a line of this beginning comes, or one more than so many.
    func waitFor(_ beginning: String, moreThan before: Int = 0, within limit: Duration = .seconds(60)) throws {
        try eventually("\(beginning) comes", within: limit) { count(beginning) > before }
    }
}
