import FirnTestSupport
import Foundation
import Testing

/// A real `firnd`, a process of its own with a directory of its own for its store and its socket.
///
/// It is killed and waited for at the latest when this is freed, by its process ID.
final class Firnd {
    /// The time limit of a test, which runs from the moment that it might begin: most of it may pass before a thread is free
    /// for it. It ends what hangs, and asserts nothing.
    static let patience = TimeLimitTrait.Duration.minutes(20)

    let address: String
    private let directory: URL
    private let arguments: [String]
    private let store: String?
    private var process: Process?

    /// Starts it with these arguments besides its places, and returns once it serves.
    convenience init(_ arguments: String...) throws {
        try self.init(arguments)
    }

    /// - Parameter store: as `--store` takes it; without one, a file of its own.
    init(_ arguments: [String], store: String? = nil) throws {
        // Short, for a socket's path has at most 107 bytes.
        directory = URL(fileURLWithPath: "/tmp/firn-command-\(UUID().uuidString.prefix(13))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        address = "unix:\(directory.path)/firn.sock"
        self.arguments = arguments
        self.store = store
        do {
            try start()
        } catch {
            end(with: SIGKILL)
            throw error
        }
    }

    deinit {
        end(with: SIGKILL)
        try? FileManager.default.removeItem(at: directory)
    }

    /// As `--store` takes it.
    var storeName: String { store ?? "sqlite:" + storePath }
    var storePath: String { directory.path + "/firn.db" }
    var stateDirectory: String { directory.path + "/state" }

    /// Of the process that runs, or 0.
    var pid: Int32 { process?.processIdentifier ?? 0 }

    /// With which the last process ended.
    private(set) var exitCode: Int32?

    /// Runs `firn` against it.
    func firn(_ arguments: String...) throws -> Command {
        try firn(arguments)
    }

    func firn(_ arguments: [String]) throws -> Command {
        try Command.run(arguments + ["--address", address, "--timeout", "10000"])
    }

    /// What a start with the same arguments would find.
    func check() throws -> Command {
        try Command.run(
            ["--check", "--listen", address, "--store", storeName, "--state-dir", stateDirectory] + arguments,
            product: "firnd"
        )
    }

    /// Tickets, as the numbers that they are.
    func tickets(_ sequence: String, _ count: Int = 1) throws -> [UInt64] {
        let command = try firn("ticket", sequence, "-n", "\(count)")
        guard command.exitCode == 0 else { throw CommandFailed(command: command) }
        return command.lines.compactMap { UInt64($0) }
    }

    /// Ends the process with a signal, and starts another one on the same store.
    func restart(after signal: Int32) throws {
        end(with: signal)
        try start()
    }

    /// Sends a signal and waits for the process's end.
    func end(with signal: Int32) {
        guard let process else { return }
        // Until it is waited for, its number is nobody else's.
        if process.isRunning { kill(process.processIdentifier, signal) }
        process.waitUntilExit()
        exitCode = process.terminationStatus
        self.process = nil
    }

    private func start() throws {
        let log = directory.appendingPathComponent("log-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let process = Process()
        process.executableURL = Command.product("firnd")
        process.arguments =
            ["--listen", address, "--store", storeName, "--state-dir", stateDirectory, "--shards", "1"] + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": directory.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        self.process = process
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            if text.contains(" serving ") { return }
            guard process.isRunning, .now < deadline else {
                end(with: SIGKILL)
                throw NotServing(log: text)
            }
            usleep(2000)
        }
    }

    struct NotServing: Error {
        let log: String
    }

    struct CommandFailed: Error {
        let command: Command
    }
}
