import FirnStore
import FirnTestSupport
import Foundation
import Testing

/// The looking commands for a user who may read the store and not write it: a monitoring user, a backup.
@Suite(.timeLimit(Firnd.patience), .enabled(if: geteuid() == 0, "only root may become another user"))
struct ReadOnlyStoreTests {
    private static let commands = [["workers"], ["workers", "--format", "json"], ["store", "check"]]

    private func run(_ arguments: [String]) throws -> Command {
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", Command.product("firn").path]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = nobody + arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Command(exitCode: process.terminationStatus, output: text, errors: errorText)
    }

    private func files(_ daemon: Firnd) throws -> [String] {
        let directory = URL(fileURLWithPath: daemon.storePath).deletingLastPathComponent().path
        return try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasPrefix("firn.db") }
            .sorted()
    }

    /// While a daemon writes, after it has stopped (there is no log then), and after it was killed (there is one).
    @Test func whoMayNotWriteMayLook() throws {
        let daemon = try Firnd(["--worker", "5", "--window", "60s"])
        _ = try daemon.tickets("orders", 5)
        for signal in [nil, SIGTERM, nil, SIGKILL] as [Int32?] {
            if let signal { daemon.end(with: signal) } else if daemon.pid == 0 { try daemon.restart(after: SIGTERM) }
            let before = try files(daemon)
            for arguments in Self.commands {
                let command = try run(arguments + ["--store", daemon.storeName])
                #expect(command.exitCode == 0, "\(command)")
                #expect(command.errors.contains("may not be written by this user, and is only read"), "\(command)")
                #expect(command.output.contains(arguments == ["store", "check"] ? "1 sequence" : "5"), "\(command)")
            }
            #expect(try files(daemon) == before, "nothing is made and nothing removed")
        }
        let release = try run(["workers", "release", "5", "--yes", "--store", daemon.storeName])
        #expect(release.exitCode == 74 && release.errors.contains("write permission"), "\(release)")
    }

    /// A log whose index is gone cannot be read without making one.
    @Test func aLogWithoutItsIndexIsExplained() throws {
        let daemon = try Firnd(["--worker", "5"])
        _ = try daemon.tickets("orders", 5)
        daemon.end(with: SIGKILL)
        try FileManager.default.removeItem(atPath: daemon.storePath + "-shm")
        let command = try run(["store", "check", "--store", daemon.storeName])
        #expect(command.exitCode == 74 && command.errors.contains("copy all of them to a directory"), "\(command)")
    }
}
