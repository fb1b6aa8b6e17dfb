import FirnLayout
import FirnTestSupport
import Testing

@testable import FirnClient

@Suite struct CoalescerTests {
    // MARK: - Sharing

    @Test func aSingleCallerWaitsForNoOther() {
        var table = Table()
        #expect(table.ask(1) == ["send 1 of 1"])
        #expect(table.answer(1) == ["give 1"])
        #expect(table.ask(2) == ["send 2 of 1"])
    }

    @Test func callsDuringABatchShareTheNext() {
        var table = Table()
        #expect(table.ask(1) == ["send 1 of 1"])
        #expect((2...4).flatMap { table.ask($0) }.isEmpty)
        #expect(table.answer(1) == ["give 1", "send 2 of 3"])
        #expect(table.ask(5).isEmpty)
        #expect(table.answer(2) == ["give 2", "give 3", "give 4", "send 3 of 1"])
        #expect(table.answer(3) == ["give 5"])
    }

    @Test func aBatchHasAMaximum() {
        var table = Table { $0.maximumBatchSize = 100 }
        for caller in 0...250 { _ = table.ask(caller) }
        #expect(table.answer(1).last == "send 2 of 100")
        #expect(table.answer(2).last == "send 3 of 100")
        #expect(table.answer(3).last == "send 4 of 50")
        var large = Table { $0.maximumWaitingCalls = 10_000 }
        for caller in 0...5000 { _ = large.ask(caller) }
        #expect(large.answer(1).last == "send 2 of 4096")
    }

    @Test func noMoreWaitThanMay() {
        var table = Table {
            $0.maximumWaitingCalls = 2
            $0.maximumCallsInFlight = 1
        }
        for caller in 0...3 { _ = table.ask(caller) }
        #expect(table.ask(4) == ["fail 4 tooManyCalls"])
        #expect(table.cancel(2) == ["fail 2 cancelled"])
        #expect(table.ask(5).isEmpty, "there is room again")
    }

    @Test func aRefusedBatchIsRequestedAgainInSmallerOnes() {
        var table = Table()
        for caller in 0...9 { _ = table.ask(caller) }
        _ = table.answer(1)
        #expect(table.fail(2, .invalidArgument) == ["send 3 of 4"])
        #expect(table.answer(3) == ["give 1", "give 2", "give 3", "give 4", "send 4 of 4"])
        #expect(table.answer(4).last == "send 5 of 1")
        #expect(table.fail(5, .invalidArgument) == ["fail 9 invalidArgument"], "one is no count that could be too high")
    }

    // MARK: - Leaving

    @Test func aCancelledCallersIDStaysAGap() {
        var table = Table()
        _ = table.ask(0)
        for caller in 1...3 { _ = table.ask(caller) }
        #expect(table.cancel(1) == ["fail 1 cancelled"])
        #expect(table.answer(1) == ["give 0", "send 2 of 2"], "it was not sent yet")
        #expect(table.cancel(2) == ["fail 2 cancelled"])
        #expect(table.cancel(2).isEmpty && table.cancel(99).isEmpty)
        #expect(table.answer(2) == ["give 3"])
    }

    @Test func aBatchWithoutWaitingCallersIsDropped() {
        var table = Table()
        _ = table.ask(1)
        _ = table.ask(2)
        #expect(table.cancel(1) == ["fail 1 cancelled", "abandon 1", "send 2 of 1"])
        #expect(table.answer(1).isEmpty, "too late")
        #expect(table.fail(1, .cancelled).isEmpty)
        #expect(table.answer(2) == ["give 2"])
    }

    // MARK: - Time

    @Test func aBatchHasTheLatestDeadlineOfItsCallers() {
        var table = Table()
        _ = table.ask(1, timeout: .milliseconds(100))
        #expect(table.coalescer.batch?.timeout == .milliseconds(100))
        #expect(table.coalescer.batch?.deadline == table.now + .milliseconds(100))
        _ = table.ask(2, timeout: .milliseconds(300))
        _ = table.ask(3, timeout: .milliseconds(200))
        _ = table.answer(1)
        #expect(table.coalescer.batch?.deadline == table.now + .milliseconds(300))
        _ = table.ask(4, timeout: .seconds(5))
        _ = table.ask(5)
        _ = table.answer(2)
        #expect(table.coalescer.batch?.deadline == table.now + .seconds(5))
        #expect(table.coalescer.batch?.timeout == .seconds(5))
    }

    /// A daemon that needs 1.2 s for each batch, which is more than the default timeout.
    @Test func aLongTimeoutIsServedByASlowDaemonAndShorterOnesEnd() {
        var table = Table()
        #expect(table.ask(1, timeout: .seconds(5)) == ["send 1 of 1"])
        #expect(table.ask(2).isEmpty)
        #expect(table.ask(3, timeout: .seconds(5)).isEmpty)
        #expect(table.pass(.milliseconds(500)) == ["send 2 of 2"], "the slow one keeps nobody back any longer")
        #expect(table.ask(4).isEmpty)
        #expect(table.pass(.milliseconds(500)) == ["send 3 of 1"])
        #expect(table.pass(.milliseconds(50)) == ["expire 2"], "at its own time")
        #expect(table.pass(.milliseconds(150)) == [])
        #expect(table.answer(1) == ["give 1"])
        #expect(table.pass(.milliseconds(350)) == ["expire 4", "abandon 3"])
        #expect(table.answer(2) == ["give 3"])
        #expect(table.answer(3).isEmpty)
        #expect(table.ask(5) == ["send 4 of 1"])
    }

    @Test func aCallBehindAnOverdueBatchIsSentAtOnce() {
        var table = Table()
        _ = table.ask(1, timeout: .seconds(60))
        _ = table.pass(.seconds(2))
        #expect(table.ask(2) == ["send 2 of 1"])
        #expect(table.answer(2) == ["give 2"])
        #expect(table.answer(1) == ["give 1"])
    }

    @Test func overdueBatchesHaveAMaximum() {
        var table = Table()
        for caller in 0...Coalescer.maximumOverdue {
            #expect(table.ask(caller, timeout: .seconds(3600)) == ["send \(caller + 1) of 1"])
            _ = table.pass(.milliseconds(500))
        }
        #expect(table.ask(100, timeout: .seconds(60)).isEmpty)
        #expect(table.pass(.seconds(1)).isEmpty)
        #expect(table.answer(3) == ["give 2", "send 18 of 1"])
    }

    @Test func thoseInOverdueBatchesCountAsWaiting() {
        var table = Table {
            $0.maximumWaitingCalls = 2
            $0.maximumCallsInFlight = 1
        }
        for caller in 0...2 {
            _ = table.ask(caller, timeout: .seconds(60))
            _ = table.pass(.milliseconds(500))
        }
        #expect(table.ask(3, timeout: .seconds(60)) == ["send 4 of 1"])
        #expect(table.ask(4, timeout: .seconds(60)) == ["fail 4 tooManyCalls"])
    }

    @Test func aCallerTimesOutWhileOthersWait() {
        var table = Table()
        _ = table.ask(1)
        _ = table.ask(2, timeout: .milliseconds(10))
        #expect(table.pass(.milliseconds(59)).isEmpty, "the daemon's own word may take 50 ms")
        #expect(table.pass(.milliseconds(1)) == ["expire 2"])
        #expect(table.answer(1) == ["give 1"])
        _ = table.ask(3)
        _ = table.ask(4, timeout: .milliseconds(10))
        _ = table.ask(5)
        _ = table.answer(2)
        #expect(table.pass(.milliseconds(60)) == ["expire 4"], "in flight")
        #expect(table.answer(3) == ["give 5"])
    }

    @Test func anErrorEndsAllCallersOfTheBatch() {
        var table = Table()
        for caller in 0...2 { _ = table.ask(caller) }
        _ = table.answer(1)
        _ = table.ask(3)
        #expect(table.fail(2, .unavailable) == ["fail 1 unavailable", "fail 2 unavailable", "send 3 of 1"])
    }

    @Test func aDaemonThatSaysTooSoonThatItIsLateIsNotAskedForEver() {
        var table = Table()
        _ = table.ask(1)
        #expect(table.fail(1, .timedOut) == ["fail 1 timedOut"])
    }

    // MARK: - At random

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func everyCallerGetsOneResultAndAFreshIDOfItsOwn(seed: UInt64) async {
        var generator = SeededGenerator(seed: seed)
        var table = Table {
            $0.maximumBatchSize = 20
            $0.maximumWaitingCalls = 30
            $0.maximumCallsInFlight = 10
        }
        for caller in 0..<500 {
            // Other tests of this process measure time on the same few threads.
            if caller % 50 == 0 { await Task.yield() }
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: _ = table.cancel(Int.random(in: 0...caller, using: &generator))
            case 1: _ = table.pass(.milliseconds(Int.random(in: 0...400, using: &generator)))
            case 2:
                let code = [FirnClientError.Code.timedOut, .unreachable, .unavailable, .invalidArgument]
                    .randomElement(using: &generator)!
                if let batch = table.inFlight.randomElement(using: &generator) { _ = table.fail(batch, code) }
            case 3, 4: if let batch = table.inFlight.randomElement(using: &generator) { _ = table.answer(batch) }
            case 5: if table.lastBatch > 1 { _ = table.answer(.random(in: 1..<table.lastBatch, using: &generator)) }
            default: break
            }
            _ = table.ask(caller, timeout: .milliseconds(Int.random(in: 1...2000, using: &generator)))
        }
        while let batch = (1...table.lastBatch).first(where: table.coalescer.isInFlight) { _ = table.answer(batch) }
        #expect(table.outcomes.count == 500)
        #expect(table.toldTwice.isEmpty)
        #expect(table.stale.isEmpty)
    }
}

/// A coalescer with a clock, whose callers are numbers.
private struct Table {
    private(set) var coalescer: Coalescer
    private(set) var now = BootTime.now
    private(set) var lastBatch: UInt64 = 0
    /// What callers were told.
    private(set) var outcomes: [Int: String] = [:]
    private(set) var toldTwice: [Int] = []
    /// Callers who got IDs of batches that were sent before they asked.
    private(set) var stale: [Int] = []
    /// The batches in flight.
    var inFlight: [UInt64] { lastBatch == 0 ? [] : (1...lastBatch).filter(coalescer.isInFlight) }
    private var askedAfter: [Int: UInt64] = [:]

    init(_ configure: (inout FirnClientConfiguration) -> Void = { _ in }) {
        var configuration = FirnClientConfiguration()
        configure(&configuration)
        coalescer = Coalescer(configuration: configuration.inRange)
    }

    mutating func ask(_ caller: Int, timeout: Duration = .seconds(1)) -> [String] {
        askedAfter[caller] = lastBatch
        var texts: [String] = []
        do throws(FirnClientError) {
            let deadline = now + timeout
            let next = try coalescer.asked(nil, key: UInt64(caller), timeout: timeout, deadline: deadline, at: now)
            if let next { send(next, &texts) }
        } catch {
            tell(caller, "fail \(caller) \(error.code)", &texts)
        }
        return texts
    }

    mutating func cancel(_ caller: Int) -> [String] {
        carriedOut(coalescer.cancelled(UInt64(caller), at: now))
    }

    mutating func answer(_ batch: UInt64) -> [String] {
        carriedOut(coalescer.answered(batch, at: now), batch: batch)
    }

    mutating func fail(_ batch: UInt64, _ code: FirnClientError.Code) -> [String] {
        carriedOut(coalescer.failed(batch, with: FirnClientError(code: code, message: "so it is"), at: now))
    }

    mutating func pass(_ duration: Duration) -> [String] {
        now = now + duration
        let steps = carriedOut(coalescer.timePassed(at: now))
        if let next = coalescer.nextExpiry, next <= now { Issue.record("the timer would go off again at once") }
        return steps
    }

    private mutating func carriedOut(_ steps: Coalescer.Steps, batch: UInt64 = 0) -> [String] {
        var texts: [String] = []
        for caller in steps.sharing.filter({ !$0.isTold }).map(\.caller) {
            tell(caller, "give \(caller)", &texts)
            if askedAfter[caller]! >= batch { stale.append(caller) }
        }
        for (waiter, error) in steps.failed { tell(waiter.caller, "fail \(waiter.caller) \(error.code)", &texts) }
        for waiter in steps.expired { tell(waiter.caller, "expire \(waiter.caller)", &texts) }
        for batch in steps.abandoned { texts.append("abandon \(batch)") }
        if let next = steps.next { send(next, &texts) }
        return texts
    }

    private mutating func send(_ batch: Coalescer.Batch, _ texts: inout [String]) {
        lastBatch = batch.number
        texts.append("send \(batch.number) of \(batch.count)")
    }

    private mutating func tell(_ caller: Int, _ what: String, _ texts: inout [String]) {
        if outcomes.updateValue(what, forKey: caller) != nil { toldTwice.append(caller) }
        texts.append(what)
    }
}

extension Coalescer.Waiter {
    fileprivate var caller: Int { Int(key) }
}
