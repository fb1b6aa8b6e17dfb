import Testing

@testable import firnd

/// When a supervisor is told what, by a clock of the test's own.
@Suite struct SupervisionTests {
    private static let second: Int64 = 1_000_000_000

    /// A supervised daemon whose threads answer within a turn, unless told otherwise.
    private struct Stage {
        var supervision: Supervision
        var standing = Supervision.Standing(obstacle: nil, workers: [7])
        var threadsHang = false
        var now: Int64 = 1000 * second
        /// All lines, with their times.
        var said: [(at: Int64, line: String)] = []

        init(watchdog: Duration?) {
            supervision = Supervision(watchdog: watchdog, now: now)
        }

        mutating func run(for time: Int64) {
            let end = now + time
            while now < end {
                let turn = supervision.turned(standing, now: now)
                said += turn.lines.map { (now, $0) }
                if turn.requestsHeartbeat { standing.hasHeartbeat = false }
                if !threadsHang { standing.hasHeartbeat = true }
                now += supervision.turnTime
            }
        }

        func times(of line: String) -> [Int64] { said.filter { $0.line == line }.map(\.at) }
    }

    @Test(arguments: [80, 400, 3_000, 30_000, 86_400_000])
    func aSignOfLifeComesByHalfOfTheTime(_ milliseconds: Int64) {
        var stage = Stage(watchdog: .milliseconds(milliseconds))
        let watchdog = milliseconds * 1_000_000
        stage.run(for: 10 * watchdog)
        let signs = stage.times(of: "READY=1") + stage.times(of: "WATCHDOG=1")
        #expect(signs.count > 20 && signs.count <= 41)
        for (one, next) in zip(signs, signs.dropFirst()) { #expect(next - one <= watchdog / 2) }
    }

    @Test func noSignOfLifeComesOfThreadsThatHang() {
        var stage = Stage(watchdog: .seconds(30))
        stage.run(for: 100 * Self.second)
        stage.threadsHang = true
        stage.run(for: 20 * Self.second)
        let before = stage.times(of: "WATCHDOG=1").count
        stage.run(for: 1000 * Self.second)
        #expect(stage.times(of: "WATCHDOG=1").count == before)
        stage.threadsHang = false
        let now = stage.now
        stage.run(for: 3 * Self.second)
        #expect(stage.times(of: "WATCHDOG=1").count == before + 1)
        #expect(stage.times(of: "WATCHDOG=1").last! <= now + 2 * Self.second)
    }

    @Test func theStartIsExtendedAsLongAsThereIsNoWorker() {
        var stage = Stage(watchdog: .seconds(30))
        stage.standing = .init(obstacle: "all 8 workers are held;\nstop a daemon")
        stage.run(for: 600 * Self.second)
        #expect(stage.said.first?.line == "STATUS=no IDs: all 8 workers are held; stop a daemon")
        let extensions = stage.times(of: "EXTEND_TIMEOUT_USEC=30000000")
        // Each comes long before the time of the one before it is over.
        for (one, next) in zip([1000 * Self.second] + extensions, extensions + [stage.now]) {
            #expect(next - one <= 10 * Self.second)
        }
        #expect(stage.said.count == extensions.count + 1)

        stage.threadsHang = true
        stage.run(for: 20 * Self.second)
        let before = stage.said.count
        stage.run(for: 600 * Self.second)
        #expect(stage.said.count == before)

        stage.threadsHang = false
        stage.standing = .init(obstacle: nil, workers: [1, 2, 3])
        let now = stage.now
        stage.run(for: Self.second)
        #expect(stage.times(of: "READY=1").count == 1 && stage.times(of: "READY=1")[0] <= now + Self.second / 10)
        #expect(stage.said.last?.line == "STATUS=handing out IDs as workers 1, 2, 3")
    }

    @Test func readyIsSaidOnceAndTheStatusAtEachChange() {
        var stage = Stage(watchdog: nil)
        stage.run(for: 10 * Self.second)
        stage.standing.obstacle = "the store is away"
        stage.run(for: 10 * Self.second)
        stage.standing.obstacle = nil
        stage.standing.workers = Array(0..<9)
        stage.run(for: 10 * Self.second)
        #expect(
            stage.said.map(\.line) == [
                "READY=1", "STATUS=handing out IDs as worker 7", "STATUS=no IDs: the store is away",
                "STATUS=handing out IDs as 9 workers",
            ]
        )
    }
}
