internal import Glibc
internal import Logging

/// The program that started the daemon and expects reports of its state: systemd, with the protocol of sd_notify(3).
/// This is datagrams of `NAME=value` lines to the Unix socket in `$NOTIFY_SOCKET`.
///
/// For use by one thread at a time. Its socket stays open until the process ends.
final class Supervisor {
    /// The watchdog interval (`$WATCHDOG_USEC`); `nil` if no pings are expected.
    let watchdog: Duration?

    private let socketPath: String
    private let descriptor: Int32
    private let logger: Logger
    private var isHeard = true

    /// Microseconds. A turn of the watch is an eighth of the interval; with a shorter interval the watch would use too
    /// much time.
    private static let shortestWatchdog: Int64 = 80_000

    /// - Returns: `nil` if there is no supervisor or it cannot be reached; the latter is logged, and the daemon
    ///   continues.
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

    /// The longest path in a socket address, without the terminating NUL (unix(7)).
    private static let longestPath = 107

    /// Sends one datagram of these lines.
    ///
    /// - Returns: whether it was sent. Never blocks: the caller retries later.
    @discardableResult
    func tell(_ lines: [String]) -> Bool {
        let text = lines.joined(separator: "\n")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + socketPath.utf8.count
        withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: socketPath.utf8)
            // An abstract name begins with a NUL, and ends with the address.
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
        // Logged once per failure, not at each retry.
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
