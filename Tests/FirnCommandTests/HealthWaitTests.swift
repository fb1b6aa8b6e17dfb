import FirnClient
import FirnTestSupport
import FirnWire
import Foundation
import Testing

@testable import firn

/// `firn health --wait`.
@Suite(.timeLimit(Firnd.patience)) struct HealthWaitTests {
    @Test func tellsOnceWhatItWaitsForAndGivesUpInTime() {
        var waiting = HealthWait(patience: .seconds(3))
        #expect(waiting.failed(isRetryable: true, after: .milliseconds(10)) == .askAgain)
        #expect(waiting.failed(isRetryable: true, after: .milliseconds(999)) == .askAgain)
        #expect(waiting.failed(isRetryable: true, after: .milliseconds(1100)) == .tellAndAskAgain)
        #expect(waiting.failed(isRetryable: true, after: .milliseconds(1200)) == .askAgain)
        #expect(waiting.failed(isRetryable: false, after: .milliseconds(1300)) == .giveUp)
        #expect(waiting.failed(isRetryable: true, after: .milliseconds(3000)) == .giveUp)
    }

    /// On a busy machine the last question has no time to find anything out.
    @Test func aQuestionThatIsCutShortGivesNoReasonIfThereIsAnother() {
        var waiting = HealthWait(patience: .seconds(3))
        waiting.note(FirnClientError(code: .timedOut, message: "cut short"), isCutShort: true)
        #expect(waiting.reason?.message == "cut short", "better than none")
        waiting.note(FirnClientError(code: .unreachable, message: "no daemon"), isCutShort: true)
        waiting.note(FirnClientError(code: .timedOut, message: "cut short"), isCutShort: true)
        #expect(waiting.reason?.message == "no daemon")
        waiting.note(FirnClientError(code: .timedOut, message: "no answer"), isCutShort: false)
        #expect(waiting.reason?.message == "no answer")
    }

    @Test func waitsForADaemonThatComesLater() throws {
        let daemon = try Firnd()
        daemon.end(with: SIGTERM)
        let waiting = RunningCommand(["health", "--wait", "10m", "--timeout", "10000", "--address", daemon.address])
        usleep(2_500_000)
        try daemon.restart(after: SIGTERM)
        let command = try waiting.wait()
        #expect(command.exitCode == 0 && command.output == "ready\n", "\(command)")
        #expect(command.errors.hasPrefix("firn: waiting up to 600s for the daemon. No daemon is at "), "\(command)")
        #expect(command.errors.filter(\.isNewline).count == 1, "\(command)")
    }

    @Test func givesUpWithTheLastReason() throws {
        let start = ContinuousClock.now
        let away = try Command.run("health", "--wait", "400ms", "--address", "unix:/tmp/firn-no-such-daemon.sock")
        #expect(start.duration(to: .now) >= .milliseconds(400))
        #expect(away.exitCode == 69 && away.errors.hasPrefix("firn: No daemon is at "), "\(away)")
        let closed = try CountingDaemon(refusing: Status(.unavailable, "no window."))
        defer { closed.stop() }
        let refused = try Command.run("health", "--wait", "1500ms", "--live", "--address", closed.address)
        #expect(refused.exitCode == 75 && refused.errors.hasSuffix("\nfirn: no window.\n"), "\(refused)")
    }

    @Test func whatWaitingDoesNotMendIsToldAtOnce() throws {
        let ended = try CountingDaemon(refusing: Status(.failedPrecondition, "the layout ended"))
        defer { ended.stop() }
        let command = try Command.run("health", "--wait", "24h", "--address", ended.address)
        #expect(command.exitCode == 70 && command.errors == "firn: the layout ended\n", "\(command)")
        for value in ["off", "25h", "0s", "30"] {
            let wrong = try Command.run("health", "--wait", value)
            #expect(wrong.exitCode == 64 && wrong.errors.contains("--wait"), "\(wrong)")
            #expect(value != "30" || wrong.errors.contains("it has no unit; write 30s for seconds"), "\(wrong)")
        }
    }
}
