import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

@testable import firnd

/// A layout whose time has ended: a daemon that runs and one that is started say the same, and nobody is told to wait.
@Suite struct LayoutEndTests {
    /// Of 64 seconds, the last of which is over so soon.
    private static func layout(endingIn seconds: Int) -> String {
        "time:6s@\((Int(Date().timeIntervalSince1970) + seconds - 64) * 1000),worker:10,sequence:12"
    }

    @Test func aRunningDaemonRefusesForGoodAndIsNotStartedAgain() throws {
        try withScratch { scratch in
            // Long enough for a start on a busy machine, in which it is claimed and a window ends with the layout.
            let arguments = ["--layout", Self.layout(endingIn: 6), "--http", "127.0.0.1:0"]
            try withDaemon(in: scratch, arguments) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                _ = try peer.nextID()
                func refusal() throws -> Status? {
                    guard case .error(let status) = try peer.call(.nextID) else { return nil }
                    return status
                }
                var first: Status?
                try eventually("the layout ends") {
                    first = try refusal()
                    return first != nil
                }
                // From its first word, and for ever.
                for status in [first, try refusal(), try refusal()] {
                    #expect(status?.code == .failedPrecondition && status?.retryAfterMilliseconds == 0, "\(status!)")
                    #expect(status?.message.contains("ended at ") == true)
                }
                let http = try HTTPPeer.ask("GET", "/", port: daemon.httpPort())
                #expect(http.status == 400 && http.fields["retry-after"] == nil)
                let health = try Command.run("health", "--address", "unix:\(daemon.socketPath)")
                #expect(
                    health.exitCode == 70 && health.errors.contains("ended at") && !health.errors.contains("Try again")
                )
                daemon.signal(SIGTERM)
                let ending = try daemon.waitForExit()
                #expect(ending == .exited(0))
            }
            let again =
                ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"] + arguments
            for check in [["--check"], []] {
                let (ending, error, _) = try runToEnd(in: scratch, check + again)
                #expect(ending == .exited(78) && error.contains("ended at"), "\(error)")
            }
        }
    }

    /// It had no worker when the layout ended, as another daemon held it.
    @Test func oneThatWaitsForItsWorkerRefusesForGoodToo() throws {
        try withScratch { scratch in
            let arguments = ["--layout", Self.layout(endingIn: 8), "--worker", "5", "--window", "60s"]
            try withDaemon(in: scratch, name: "first", arguments) { _ in
                try withDaemon(in: scratch, name: "second", arguments) { second in
                    let peer = try Peer.unix(second.socketPath)
                    guard case .error(let before) = try peer.call(.nextID) else { throw TestFailure("it serves") }
                    #expect(before.code == .unavailable && before.message.contains("is held by"))
                    try eventually("it knows that the layout ended") {
                        guard case .error(let status) = try peer.call(.nextID) else { throw TestFailure("it serves") }
                        return status.code == .failedPrecondition && status.retryAfterMilliseconds == 0
                    }
                    let health = try Command.run("health", "--address", "unix:\(second.socketPath)")
                    #expect(health.exitCode == 70, "\(health)")
                }
            }
        }
    }

    @Test func theEndIsToTheTick() throws {
        let layout = try Layout(parsing: "time:28x1s@2016-05-19T16:00:00Z,worker:22,sequence:13")
        let end: Int64 = 1_732_109_056_000_000_000  // 2024-11-20T13:24:16Z
        try LayoutSpan.check(layout, wallNanoseconds: end - 1)
        #expect(throws: (any Error).self) { try LayoutSpan.check(layout, wallNanoseconds: end) }
        let begin = layout.epoch.unixNanoseconds
        try LayoutSpan.check(layout, wallNanoseconds: begin)
        #expect(throws: (any Error).self) { try LayoutSpan.check(layout, wallNanoseconds: begin - 1) }
        // Time and sequence that fill all 64 bits end where the engine's counting does, and not after it.
        try LayoutSpan.check(
            Layout(parsing: "time:52ms@2025-01-01T00:00:00Z,sequence:12"),
            wallNanoseconds: end + 1 << 55
        )
    }
}
