#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// The words of this process's command line, also where a library changed its environment before.
///
/// A statically linked Swift program (6.3) looks for its arguments beside the environment that the kernel laid out. Where
/// a preloaded library set a variable before `main`, as monitoring agents do, the environment lies elsewhere and
/// `CommandLine.arguments` is empty: the program would run with its default settings. The kernel still has the words.
package enum ProgramArguments {
    /// The words behind the program's name.
    package static func read() throws(MissingArguments) -> [String] {
        let runtime = CommandLine.arguments
        return try words(runtime: runtime, process: runtime.isEmpty ? processBytes() : nil)
    }

    /// - Parameters:
    ///   - runtime: what Swift says that the arguments are.
    ///   - process: what the kernel says, as in `/proc/self/cmdline`: each word ends with a NUL. nil: it cannot be read.
    package static func words(runtime: [String], process: [UInt8]?) throws(MissingArguments) -> [String] {
        // Every process has a name at least, so none at all is a loss and not an empty command line.
        if !runtime.isEmpty { return Array(runtime.dropFirst()) }
        guard let process, !process.isEmpty else { throw MissingArguments() }
        let terminated = process.last == 0 ? process.dropLast() : process[...]
        return terminated.split(separator: 0, omittingEmptySubsequences: false).dropFirst()
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static func processBytes() -> [UInt8]? {
        let descriptor = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { return nil }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }
}

/// The command line was lost. Exit code 70 (`EX_SOFTWARE`): to go on would be to run with other settings than were given.
package struct MissingArguments: Error, CustomStringConvertible {
    package let description =
        "the command line is lost: /proc/self/cmdline cannot be read, and the program did not find its arguments without it; "
        + "mount /proc, and where it is mounted, start this program without preloaded libraries (LD_PRELOAD)"
}

/// `read`, out of reach of the function above that has its name.
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
