import FirnEngine
import FirnLayout
import Foundation
import Logging
import Synchronization
import Testing

@testable import firnd

/// A host that boots in 1970 and learns the time later.
@Suite struct ClockWaitTests {
    private final class SetLater: TimeSource {
        let times: Mutex<[Int64]>
        init(_ seconds: [Int64]) { times = Mutex(seconds.map { $0 * 1_000_000_000 }) }
        func wallNanoseconds() -> Int64 { times.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
        func bootNanoseconds() -> Int64 { 0 }
    }

    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func isWaitedForUntilItIsSet() {
        var pauses = 0
        let source = SetLater([0, 1, 2, 1_703_980_800, 1_800_000_000])
        let signal = ClockWait.run(source, supervisor: nil, logger: Self.silent) {
            pauses += 1
            return nil
        }
        #expect(signal == nil && pauses == 4)
    }

    @Test func aSignalEndsTheWait() {
        #expect(ClockWait.run(SetLater([0]), supervisor: nil, logger: Self.silent) { "SIGTERM" } == "SIGTERM")
        #expect(ClockWait.run(SetLater([1_800_000_000]), supervisor: nil, logger: Self.silent) { "SIGTERM" } == nil)
    }

    private static func offset(toSecondsBefore2024 seconds: Int) -> String {
        "--clock-offset=-\(Int(Date().timeIntervalSince1970) - 1_704_067_200 + seconds)s"
    }

    @Test func theDaemonStartsByItselfOnceItIs() throws {
        try withScratch { scratch in
            let socket = try NotifySocket(scratch.file("notify"))
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--store", "memory", "--listen", "unix:\(scratch.file("firn.sock"))"]
                    + [Self.offset(toSecondsBefore2024: 3)],
                environment: ["NOTIFY_SOCKET": socket.name]
            )
            try withExtendedLifetime(daemon) {
                try socket.waitFor("STATUS=waiting for the wall clock to be set: it says 2023-12-31T23:59:5")
                #expect(socket.count("EXTEND_TIMEOUT_USEC=") == 1 && socket.count("READY=1") == 0)
                try daemon.waitUntilServing()
                #expect(daemon.lines(with: "the wall clock is not set").count == 1)
                #expect(daemon.lines(with: "the wall clock is set").count == 1)
                let id = try Peer.unix(daemon.socketPath).nextID()
                #expect(Layout.snowflake.decode(id).utc?.description.hasPrefix("2024-01-01T00:00:") == true)
            }
        }
    }

    @Test func itIsStoppedInOrderWhileItWaits() throws {
        try withScratch { scratch in
            // The layout begins after that, and has ended after this: neither is found out by such a clock.
            let arguments = [
                "--store", "sqlite:\(scratch.store)", "--listen", "unix:\(scratch.file("firn.sock"))",
                "--clock-offset=-450000h",
            ]
            let check = try runToEnd(in: scratch, ["--check"] + arguments)
            #expect(
                check.ending == .exited(0) && check.output.contains("Note: the wall clock says 197"),
                "\(check.error)"
            )
            let daemon = try Daemon(in: scratch, arguments: arguments)
            try withExtendedLifetime(daemon) {
                try eventually("it waits") { !daemon.lines(with: "the wall clock is not set").isEmpty }
                daemon.signal(SIGTERM)
                let ending = try daemon.waitForExit()
                #expect(ending == .exited(0))
                #expect(!FileManager.default.fileExists(atPath: scratch.store), "nothing was claimed")
            }
        }
    }
}
