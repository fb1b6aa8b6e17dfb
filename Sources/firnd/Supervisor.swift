internal import Glibc
internal import Logging

/// The program that started the daemon and wants to hear how it fares: systemd, by sd_notify(3)'s protocol, which is datagrams of
/// `NAME=value` lines to the Unix socket that `$NOTIFY_SOCKET` names.
///
/// For one thread at a time. Its socket is open for as long as the process lives.
final class Supervisor {
    /// How often a sign of life must come (`$WATCHDOG_USEC`); `nil` when none is expected.
    let watchdog: Duration?

    private let socketPath: String
    private let descriptor: Int32
    private let logger: Logger
    private var isHeard = true

    /// Microseconds. Each turn of the watch is an eighth: below this it would be busy with nothing else.
    private static let shortestWatchdog: Int64 = 80_000

    /// - Returns: `nil` when nobody wants to hear, or cannot be told; the latter is logged, and the daemon goes on.
    init?(environment: (String) -> String?, logger: Logger) {
        guard let path = environment("NOTIFY_SOCKET"), !path.isEmpty else { return nil }
        guard let first = path.first, first == "/" || first == "@", (2...Self.longestPath).contains(path.utf8.count)
        else {
            logger.warning(
                "NOTIFY_SOCKET is ignored; it names no Unix socket: a path or, after an @, an abstract name",
                metadata: ["NOTIFY_SOCKET": "\(path)"]
            )
            return nil
        }
        socketPath = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        self.logger = logger
        let isForUs = environment("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        if isForUs, let text = environment("WATCHDOG_USEC"), !text.isEmpty {
            watchdog = Int64(text).flatMap { $0 >= Self.shortestWatchdog ? .microseconds($0) : nil }
            if watchdog == nil {
                logger.warning(
                    "WATCHDOG_USEC is ignored; it is no number of microseconds from \(Self.shortestWatchdog) up",
                    metadata: ["WATCHDOG_USEC": "\(text)"]
                )
            }
        } else {
            watchdog = nil
        }
        guard descriptor >= 0 else {
            logger.warning(
                "NOTIFY_SOCKET is ignored; no socket can be made",
                metadata: ["error": "\(String(cString: strerror(errno)))"]
            )
            return nil
        }
    }

    /// What fits a socket's address beside its ending NUL (unix(7)).
    private static let longestPath = 107

    /// Sends one datagram of these lines.
    ///
    /// - Returns: whether it was taken. Never waits: a caller that has something to say comes back.
    @discardableResult
    func tell(_ lines: [String]) -> Bool {
        let text = lines.joined(separator: "\n")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + socketPath.utf8.count
        withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: socketPath.utf8)
            // An abstract name begins with a NUL, and ends where the address does.
            if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        }
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Array(text.utf8).withUnsafeBytes { bytes in
                    sendto(
                        descriptor,
                        bytes.baseAddress,
                        bytes.count,
                        Int32(MSG_NOSIGNAL),
                        address,
                        socklen_t(length)
                    )
                }
            }
        }
        // Once for each loss, not at each try.
        if sent < 0, isHeard {
            logger.warning(
                "the service manager cannot be told how the daemon fares; it is tried again",
                metadata: ["NOTIFY_SOCKET": "\(socketPath)", "error": "\(String(cString: strerror(errno)))"]
            )
        }
        isHeard = sent >= 0
        return isHeard
    }
}
