import FirnAdmin
import Testing

/// Which threads are taken for dead.
@Suite struct LivenessTests {
    private static let second: Int64 = 1_000_000_000

    @Test func aThreadThatComesByIsAlive() {
        var liveness = Liveness(limit: .seconds(30))
        for round in 0..<100 {
            let beats = [(thread: "reactor 0", count: UInt64(round))]
            #expect(liveness.asked(beats, now: Int64(round) * 40 * Self.second) == nil)
        }
    }

    @Test func aThreadThatDoesNotIsNamedOnceItsTimeIsOver() throws {
        var liveness = Liveness(limit: .seconds(30))
        let beats = { (one: UInt64) in [(thread: "reactor 0", count: one), (thread: "windows", count: UInt64(7))] }
        #expect(liveness.asked(beats(1), now: 0) == nil)
        #expect(liveness.asked(beats(2), now: 10 * Self.second) == nil)
        #expect(liveness.asked(beats(3), now: 30 * Self.second - 1) == nil)
        let silence = liveness.asked(beats(4), now: 30 * Self.second)
        #expect(silence == "windows has not come by for 30 s")
        // It only slept.
        let awake = [(thread: "reactor 0", count: UInt64(5)), (thread: "windows", count: UInt64(8))]
        #expect(liveness.asked(awake, now: 31 * Self.second) == nil)
    }

    /// The first question begins the time, however long the thread had nothing to do before it.
    @Test func nobodyIsDeadBeforeTheyWereAsked() {
        var liveness = Liveness(limit: .seconds(30))
        #expect(liveness.asked([(thread: "windows", count: 0)], now: 1_000 * Self.second) == nil)
        #expect(liveness.asked([(thread: "windows", count: 0)], now: 1_029 * Self.second) == nil)
        #expect(liveness.asked([(thread: "windows", count: 0)], now: 1_030 * Self.second) != nil)
    }
}
