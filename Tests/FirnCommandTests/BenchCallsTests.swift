import Testing

@testable import firn

/// The calls of one connection of `firn bench`, with times in milliseconds that the test sets.
struct BenchCallsTests {
    private static let timeout: Int64 = 100

    private func calls(inFlight: Int, rate: Double? = nil, end: Int64 = 1000) -> BenchCalls {
        BenchCalls(
            inFlight: inFlight,
            timeout: Self.timeout * 1_000_000,
            schedule: rate.map { CallSchedule(rate: $0, connection: 0, of: 1) },
            end: end * 1_000_000
        )
    }

    private func sent(_ calls: inout BenchCalls, at milliseconds: Int64) -> [BenchCalls.Call] {
        var sent: [BenchCalls.Call] = []
        while let call = calls.next(at: milliseconds * 1_000_000) { sent.append(call) }
        return sent
    }

    @Test func connectionsTakeTurns() {
        let schedules = (0..<4).map { CallSchedule(rate: 1000, connection: $0, of: 4) }
        #expect(schedules.map(\.next) == [0, 1_000_000, 2_000_000, 3_000_000])
        var second = schedules[1]
        second.take()
        #expect(second.next == 5_000_000)
        // A step that is no whole number does not drift.
        var third = CallSchedule(rate: 3, connection: 0, of: 1)
        for _ in 0..<3_000_000 { third.take() }
        #expect(third.next == 1_000_000_000_000_000)
    }

    @Test func withoutAScheduleACallFollowsEachAnswer() throws {
        var calls = calls(inFlight: 2)
        let first = sent(&calls, at: 0)
        #expect(first.count == 2 && calls.inFlight == 2 && sent(&calls, at: 5).isEmpty)
        #expect(calls.answered(first[1].id, at: 7_000_000) == 7_000_000)
        let next = try #require(sent(&calls, at: 8).first)
        #expect(next.id != first[0].id && next.id != first[1].id && next.timeoutMilliseconds == 100)
        #expect(calls.answered(next.id, at: 9_000_000) == 1_000_000)
        #expect(calls.skip(at: 900_000_000) == 0)
        #expect(sent(&calls, at: 1000).isEmpty && !calls.isFinished(at: 1_000_000_000))
        #expect(calls.answered(first[0].id, at: 1_000_000_000) == 1_000_000_000)
        #expect(calls.isFinished(at: 1_000_000_000))
    }

    /// Coordinated omission: a caller whose call has to wait for the one before has waited, too.
    @Test func aCallThatHadToWaitCountsFromWhenItWasDue() throws {
        var calls = calls(inFlight: 1, rate: 100)
        let first = try #require(sent(&calls, at: 0).first)
        // The daemon stalls for 45 ms: the calls of 10, 20, 30 and 40 ms are due meanwhile.
        #expect(sent(&calls, at: 45).isEmpty)
        #expect(calls.answered(first.id, at: 45_000_000) == 45_000_000)
        var times: [Int64] = []
        for _ in 0..<4 {
            let call = try #require(sent(&calls, at: 45).first)
            let time = calls.answered(call.id, at: 45_000_000)
            times.append(try #require(time) / 1_000_000)
        }
        #expect(times == [35, 25, 15, 5])
        #expect(sent(&calls, at: 49).isEmpty && sent(&calls, at: 50).count == 1)
    }

    @Test func aCallThatWaitedHasLessTimeLeft() throws {
        var calls = calls(inFlight: 1, rate: 100)
        let first = try #require(sent(&calls, at: 0).first)
        _ = calls.answered(first.id, at: 70_000_000)
        #expect(try #require(sent(&calls, at: 70).first).timeoutMilliseconds == 40)
    }

    @Test func callsThatCannotBeSentInTimeAreSkippedAndCounted() {
        var calls = calls(inFlight: 1, rate: 100, end: 300)
        #expect(sent(&calls, at: 0).count == 1)
        // Those of 10 to 150 ms are late at 250; those of 160 to 240 may still be answered.
        #expect(calls.skip(at: 250_000_000) == 15)
        #expect(calls.skip(at: 250_000_000) == 0)
        // None is due from the end on.
        #expect(calls.skip(at: 9_000_000_000) == 14)
        #expect(!calls.isFinished(at: 9_000_000_000))
        let lost = calls.lost(at: 9_000_000_000)
        #expect(lost.timedOut == 1 && lost.others == 0 && calls.isFinished(at: 9_000_000_000))
    }

    @Test func everyCallThatWasDueEndsOnce() {
        var calls = calls(inFlight: 3, rate: 1000, end: 500)
        var (answered, skipped, lost) = (0, 0, 0)
        var open: [UInt64] = []
        for millisecond in 0..<700 as Range<Int64> {
            skipped += calls.skip(at: millisecond * 1_000_000)
            open += sent(&calls, at: millisecond).map(\.id)
            #expect(calls.inFlight <= 3 && calls.inFlight == open.count)
            // The connection breaks now and then, and stalls in the middle.
            if millisecond % 97 == 96 {
                let ended = calls.lost(at: millisecond * 1_000_000)
                lost += ended.timedOut + ended.others
                open = []
            }
            guard !(200..<350).contains(millisecond) else { continue }
            for id in open where calls.answered(id, at: millisecond * 1_000_000) != nil { answered += 1 }
            open = []
        }
        #expect(calls.isFinished(at: 700_000_000))
        #expect(answered + skipped + lost == 500 && skipped > 0 && lost > 0)
    }

    @Test func anAnswerToNoCallIsTold() throws {
        var calls = calls(inFlight: 2)
        let call = try #require(sent(&calls, at: 0).first)
        #expect(calls.answered(0, at: 1) == nil && calls.answered(call.id + 1 << 20, at: 1) == nil)
        #expect(calls.answered(call.id, at: 1) != nil && calls.answered(call.id, at: 1) == nil)
        #expect(calls.answered(1023, at: 1) == nil)
    }

    @Test func anAnswerIsOverdueAShortTimeAfterTheDaemonsOwnRefusal() {
        var calls = calls(inFlight: 1)
        #expect(!calls.isOverdue(at: 900_000_000))
        _ = sent(&calls, at: 0)
        #expect(!calls.isOverdue(at: 149_000_000) && calls.isOverdue(at: 150_000_000))
    }

    @Test func anInterruptionEndsThePlan() {
        var calls = calls(inFlight: 1, rate: 100)
        let call = sent(&calls, at: 0)[0]
        calls.stop(at: 5_000_000)
        _ = calls.answered(call.id, at: 6_000_000)
        #expect(sent(&calls, at: 50).isEmpty && calls.isFinished(at: 50_000_000))
    }

    @Test func failuresAreCountedByKindWithTheFirstMessage() throws {
        var (one, other) = (BenchTally(), BenchTally())
        one.failed("unavailable", message: "no worker", exitCode: 75, count: 1)
        one.failed("unavailable", message: "no window", exitCode: 75, count: 2)
        other.failed("unavailable", message: "away", exitCode: 75, count: 4)
        other.failed("unreachable", message: "gone", exitCode: 69, count: 1)
        other.answered(ids: 100, after: 5, at: 9)
        one.add(other)
        #expect(one.failed == 8 && one.ids == 100 && one.calls == 1 && one.lastAnswer == 9)
        #expect(one.failures["unavailable"] == .init(count: 7, message: "no worker", exitCode: 75))
        #expect(one.failures["unreachable"]?.exitCode == 69)
        #expect(one.latency.count == 1 && one.latency.highest == 5)
    }

    @Test func theProgressLineHasTheLastSecond() {
        var progress = BenchProgress(planned: "10s")
        #expect(progress.text(ids: 1_000, failed: 0) == "1s of 10s: 1,000 IDs per second")
        #expect(progress.text(ids: 3_500, failed: 2) == "2s of 10s: 2,500 IDs per second, 2 calls failed")
    }
}
