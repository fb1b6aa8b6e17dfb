import FirnTestSupport
import Foundation
import Synchronization

/// A program besides the daemon, such as Prometheus. Killed and reaped at the end, whatever the test did.
final class Program: Sendable {
    let pid: pid_t
    private let outputPath: String
    private let ending = Mutex<Int32?>(nil)

    /// Starts it.
    ///
    /// - Parameters:
    ///   - name: of the file in the directory that its output goes to.
    ///   - descriptors: what it finds open besides the first three: its number there, and here.
    init(
        _ command: [String],
        in scratch: Scratch,
        name: String,
        descriptors: [(there: Int32, here: Int32)] = []
    ) throws {
        outputPath = scratch.file(name + ".out")
        // Before the first, which it keeps this process's descriptors from.
        let watchdog = Watchdog.shared
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        for (there, here) in descriptors { posix_spawn_file_actions_adddup2(&actions, here, there) }
        let words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        let environment = ["PATH=/usr/bin:/bin", "HOME=\(scratch.path)", "TMPDIR=\(scratch.path)", "LANG=C.UTF-8"]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, command[0], &actions, nil, words, variables)
        guard status == 0 else {
            throw TestFailure("cannot start \(command[0]): \(String(cString: strerror(status)))")
        }
        self.pid = pid
        watchdog.started(pid)
    }

    deinit {
        stop()
    }

    var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }

    /// Sends a signal, unless it was seen to end: its number may be another's then.
    func signal(_ number: Int32) {
        ending.withLock { if $0 == nil { kill(pid, number) } }
    }

    /// Kills it, unless it has ended.
    func stop() {
        ending.withLock { ending in
            guard ending == nil else { return }
            kill(pid, SIGKILL)
            var status: Int32 = 0
            _ = waitpid(pid, &status, 0)
            Watchdog.shared.ended(pid)
            ending = -1
        }
    }

    /// Waits for its end.
    ///
    /// - Returns: its exit code; -1 when a signal ended it.
    func waitForExit(within limit: Duration = .seconds(60)) throws -> Int32 {
        try eventually("\(pid) ends; it says: \(output)", within: limit) {
            ending.withLock { ending in
                var status: Int32 = 0
                guard ending == nil, waitpid(pid, &status, WNOHANG) == pid else { return ending != nil }
                Watchdog.shared.ended(pid)
                ending = status & 0x7F == 0 ? status >> 8 & 0xFF : -1
                return true
            }
        }
        return ending.withLock { $0 ?? -1 }
    }

    /// Runs it to its end.
    static func run(_ command: [String], in scratch: Scratch) throws -> (code: Int32, output: String) {
        let program = try Program(command, in: scratch, name: "program")
        let code = try program.waitForExit()
        return (code, program.output)
    }
}
