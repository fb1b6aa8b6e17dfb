#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// This process's command line arguments, also if a library changed the environment before `main`.
///
/// A statically linked Swift program (6.3) looks for its arguments next to the environment that the kernel placed on
/// the stack. If a preloaded library, such as a monitoring agent, set a variable before `main`, the environment is
/// elsewhere and `CommandLine.arguments` is empty: the program would run with its default settings. The kernel still
/// has the arguments.
package enum ProgramArguments {
    /// The arguments after the program's name.
    package static func read() throws(MissingArguments) -> [String] {
        let runtime = CommandLine.arguments
        return try words(runtime: runtime, process: runtime.isEmpty ? processBytes() : nil)
    }

    /// - Parameters:
    ///   - runtime: the arguments that Swift returns.
    ///   - process: the arguments from `/proc/self/cmdline`, each terminated by a NUL; nil if it cannot be read.
    package static func words(runtime: [String], process: [UInt8]?) throws(MissingArguments) -> [String] {
        // Every process has at least a name, so an empty list means that the arguments were lost.
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

/// The command line was lost. Exit code 70 (`EX_SOFTWARE`): the program would otherwise run with other settings than
/// given.
package struct MissingArguments: Error, CustomStringConvertible {
    package let description =
        "the command line is lost: /proc/self/cmdline cannot be read, and the program did not find its arguments without it; "
        + "mount /proc, and where it is mounted, start this program without preloaded libraries (LD_PRELOAD)"
}

/// The system call `read`, which the static function of the same name hides.
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
