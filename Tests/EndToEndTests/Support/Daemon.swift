import FirnTestSupport
import Foundation
import Synchronization

/// A real `firnd`, started as a process of its own. Killed and reaped at the end, whatever the test did.
final class Daemon: Sendable {
    /// How the process ended.
    enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    let pid: pid_t
    let socketPath: String
    /// The moment before it was started.
    let started = ContinuousClock.now
    private let errorPath: String
    private let outputPath: String
    private let ending = Mutex<Ending?>(nil)

    private static let starts = Atomic(0)

    /// Where the build put `firnd`: beside the test bundle, which is this process's executable.
    static let executable: String = {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("firnd").path
    }()

    /// Starts it with exactly these arguments and this environment.
    ///
    /// - Parameters:
    ///   - name: tells the daemons of one directory apart; its socket is by convention `name.sock`.
    ///   - openFiles: `ulimit -n`.
    ///   - launcher: a program with arguments that becomes the daemon, by exec(3).
    init(
        in scratch: Scratch,
        name: String = "firn",
        arguments: [String],
        environment: [String: String] = [:],
        openFiles: Int? = nil,
        launcher: [String] = []
    ) throws {
        let number = Self.starts.wrappingAdd(1, ordering: .relaxed).newValue
        socketPath = scratch.file(name + ".sock")
        errorPath = scratch.file("\(name)-\(number).err")
        outputPath = scratch.file("\(name)-\(number).out")
        let command: [String]
        if let openFiles {
            command = ["/bin/sh", "-c", "ulimit -n \(openFiles) && exec \"$0\" \"$@\"", Self.executable] + arguments
        } else {
            command = launcher + [Self.executable] + arguments
        }
        var variables = ["PATH": "/usr/bin:/bin", "HOME": scratch.path, "FIRN_STATE_DIR": scratch.state]
        variables.merge(environment) { $1 }
        let watchdog = Watchdog.shared
        pid = try Self.spawn(command, environment: variables, output: outputPath, error: errorPath)
        watchdog.started(pid)
    }

    deinit {
        signal(SIGKILL)
        _ = try? waitForExit()
    }

    private static func spawn(
        _ command: [String],
        environment: [String: String],
        output: String,
        error: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, error, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, command[0], &actions, &attributes, words, variables)
        guard status == 0 else { throw TestFailure("cannot start \(command): \(String(cString: strerror(status)))") }
        return pid
    }

    // MARK: - What it says

    var log: String { Self.text(errorPath) }
    var output: String { Self.text(outputPath) }

    private static func text(_ path: String) -> String {
        (try? Data(contentsOf: URL(fileURLWithPath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The log's lines with this message in them.
    func lines(with message: String) -> [Substring] {
        log.split(separator: "\n").filter { $0.contains(message) }
    }

    /// Waits until it says that it serves.
    func waitUntilServing() throws {
        try eventually("firnd serves; it says: \(log)") {
            if let ending = reap() { throw TestFailure("firnd ended with \(ending): \(log)") }
            return !lines(with: " info serving ").isEmpty
        }
    }

    /// Waits for a line of its log, which a thread of its own writes: a call may be answered before.
    func waitUntilItSays(_ text: String) throws {
        try eventually("it says '\(text)'; it says: \(log)") { log.contains(text) }
    }

    /// The port of its TCP address, as its log tells it.
    func tcpPort() throws -> UInt16 {
        let prefix = "tcp:127.0.0.1:"
        guard let line = lines(with: " info serving ").first, let range = line.range(of: prefix),
            let port = UInt16(line[range.upperBound...].prefix { $0.isNumber })
        else { throw TestFailure("no TCP port in the log: \(log)") }
        return port
    }

    // MARK: - How it ends

    /// Sends a signal, unless the process has ended: its number may be another's then.
    func signal(_ number: Int32) {
        ending.withLock { if $0 == nil { kill(pid, number) } }
    }

    func waitForExit(within limit: Duration = .seconds(60)) throws -> Ending {
        var result: Ending?
        try eventually("firnd ends; it says: \(log)", within: limit) {
            result = reap()
            return result != nil
        }
        return result!
    }

    /// How it ended; `nil` while it runs.
    func reap() -> Ending? {
        ending.withLock { ending in
            if let ending { return ending }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            Watchdog.shared.ended(pid)
            ending = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: status & 0x7F)
            return ending
        }
    }
}

/// Runs `body` with a daemon that serves a Unix socket of its own and the directory's store, besides what `arguments`
/// say.
func withDaemon<Result>(
    in scratch: Scratch,
    name: String = "firn",
    _ arguments: [String] = [],
    openFiles: Int? = nil,
    _ body: (Daemon) throws -> Result
) throws -> Result {
    var arguments = arguments + ["--listen", "unix:\(scratch.file(name + ".sock"))"]
    if !arguments.contains("--store") { arguments += ["--store", "sqlite:\(scratch.store)"] }
    let daemon = try Daemon(in: scratch, name: name, arguments: arguments, openFiles: openFiles)
    return try withExtendedLifetime(daemon) {
        try daemon.waitUntilServing()
        return try body(daemon)
    }
}

/// The same, in a directory of its own.
func withDaemon<Result>(
    _ arguments: [String] = [],
    openFiles: Int? = nil,
    _ body: (Daemon) throws -> Result
) throws -> Result {
    try withScratch { try withDaemon(in: $0, arguments, openFiles: openFiles, body) }
}

/// Runs a daemon that is expected to end by itself.
func runToEnd(
    in scratch: Scratch,
    _ arguments: [String],
    environment: [String: String] = [:]
) throws -> (ending: Daemon.Ending, error: String, output: String) {
    let daemon = try Daemon(in: scratch, arguments: arguments, environment: environment)
    return try withExtendedLifetime(daemon) {
        let ending = try daemon.waitForExit()
        return (ending, daemon.log, daemon.output)
    }
}
