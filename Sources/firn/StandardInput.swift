#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// The input could not be read.
struct InputError: Error, CustomStringConvertible {
    let systemError: CInt

    var description: String {
        "Standard input could not be read (\(String(cString: strerror(systemError)))): give it IDs, one per line."
    }
}

/// Reads standard input without stdio's buffer.
enum StandardInput {
    static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// Waits for some bytes, and returns their number; 0 at the end.
    ///
    /// - Throws: ``InputError``.
    static func read(into bytes: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = systemRead(STDIN_FILENO, bytes.baseAddress, bytes.count)
            if count >= 0 { return count }
            if errno == EAGAIN {
                // Standard input may be a pipe that another process has made non-blocking.
                var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                _ = poll(&input, 1, -1)
            } else if errno != EINTR {
                throw InputError(systemError: errno)
            }
        }
    }
}

/// What the command asks the terminal and the clock.
enum Terminal {
    /// Whether progress is to be seen: the messages go to a terminal, and the answer does not.
    static var showsProgress: Bool { isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0 }

    /// Whether standard error is a terminal.
    static var hasErrorsOnTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether standard output is a terminal.
    static var hasOutputOnTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// The columns of a drawing: those of the variable `COLUMNS`, from 40 on, otherwise 80.
    static var columns: Int {
        guard let text = getenv("COLUMNS").map({ String(cString: $0) }), let columns = Int(text), columns > 0 else {
            return 80
        }
        return min(max(columns, 40), 1000)
    }

    /// Nanoseconds of a clock that is not set back.
    static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
