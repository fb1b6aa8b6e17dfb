#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// The reader of the output has closed it.
struct OutputClosed: Error {}

/// The output could not be written.
struct OutputError: Error, CustomStringConvertible {
    let systemError: CInt

    var description: String {
        "The output could not be written (\(String(cString: strerror(systemError)))): see whether there is room for it."
    }
}

/// Collects lines and writes them in large pieces. It does not use stdio's buffer, which reports a failed write too
/// late.
struct StandardOutput: ~Copyable {
    private static let pieceLength = 64 * 1024

    private var bytes: [UInt8] = []

    init() {
        // A write to a closed pipe is then an error and does not end the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Adds a line, and writes the collected lines once they are long enough.
    ///
    /// - Throws: ``OutputClosed``, ``OutputError``.
    mutating func write(line: String) throws {
        bytes += line.utf8
        bytes.append(UInt8(ascii: "\n"))
        if bytes.count >= Self.pieceLength { try flush() }
    }

    /// Writes the collected lines.
    ///
    /// - Throws: ``OutputClosed``, ``OutputError``.
    mutating func flush() throws {
        defer { bytes.removeAll(keepingCapacity: true) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { systemWrite(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written >= 0 {
                rest = rest.dropFirst(written)
            } else if errno == EPIPE {
                throw OutputClosed()
            } else if errno == EAGAIN {
                // Standard output may be a pipe that another process has made non-blocking.
                var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                _ = poll(&output, 1, -1)
            } else if errno != EINTR {
                throw OutputError(systemError: errno)
            }
        }
    }
}

/// Writes error messages.
enum StandardError {
    static func write(line: String) {
        write(line + "\n")
    }

    /// Writes a text without a line end.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { systemWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
