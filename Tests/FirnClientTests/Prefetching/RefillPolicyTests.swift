import Testing

@testable import FirnClient

/// The policy by example, at times that the tests make up: maximum age 100 ms, so 20 ms of use are aimed at.
@Suite struct RefillPolicyTests {
    private typealias Level = PrefetchBuffer.Level
    private static let start = BootTime(nanoseconds: 1_000_000_000_000)

    private var now = Self.start
    private var levels: [Level]
    private var policy: RefillPolicy

    init() {
        (levels, policy) = Self.policy(PrefetcherConfiguration())
    }

    private static func policy(
        _ configuration: PrefetcherConfiguration,
        maximumAsk: Int = 65_536
    ) -> ([Level], RefillPolicy) {
        let policy = RefillPolicy(configuration: configuration, stripes: 2, maximumAsk: maximumAsk)
        return ([Level(), Level()], policy)
    }

    private mutating func pass(milliseconds: UInt64) {
        now = now + milliseconds * 1_000_000
    }

    private mutating func action(waiters: Int = 0) -> RefillPolicy.Action {
        policy.sampled(levels, now: now)
        return policy.action(waiters: waiters, now: now)
    }

    /// Answers a refill at once, if one is asked for; gives how many IDs each stripe got.
    @discardableResult
    private mutating func refill(waiters: Int = 0, in microseconds: UInt64 = 50) -> [Int]? {
        guard case .ask(let counts, let served) = action(waiters: waiters) else { return nil }
        for index in levels.indices { levels[index].left += counts[index] }
        let asked = now
        now = now + microseconds * 1000
        policy.sampled(levels, now: now)
        policy.refilled(count: counts.reduce(served, +), asked: asked, now: now)
        return counts
    }

    private mutating func take(_ count: Int, from stripe: Int = 0) {
        levels[stripe].left -= count
        levels[stripe].taken += UInt64(count)
    }

    @Test mutating func theFirstIDsAreAskedForAtOnceAndGrowOld() {
        #expect(refill() == [64, 0])
        #expect(action() == .wait(until: now + 50_000_000))
    }

    @Test mutating func moreIsRequestedBeforeAStripeIsEmpty() {
        refill()
        pass(milliseconds: 10)
        take(31)
        #expect(refill() == nil)
        take(1)
        // 32 in 10 ms are 64 in 20 ms: the size is right.
        #expect(refill() == [32, 0] && policy.size(of: 0) == 64)
    }

    @Test mutating func aStripeThatIsDrainedFastGrows() {
        refill()
        pass(milliseconds: 1)
        take(40)
        // 40 in 1.05 ms, from when the IDs came: about 800 in 20 ms.
        let asked = refill()!
        #expect((700...820).contains(policy.size(of: 0)) && asked == [policy.size(of: 0) - 24, 0])
        // Dry: nobody knows how many more would have been taken.
        let before = policy.size(of: 0)
        take(before)
        levels[0].misses += 5
        pass(milliseconds: 20)
        refill()
        #expect(policy.size(of: 0) == 2 * before)
        // It stays a bound.
        for _ in 0..<20 {
            take(levels[0].left)
            levels[0].misses += 1
            pass(milliseconds: 1)
            refill()
        }
        #expect(levels[0].left == 65_536 && policy.size(of: 0) == 65_536)
    }

    @Test mutating func aStripeThatIsUsedLessShrinksByHalves() {
        refill()
        pass(milliseconds: 1)
        take(64)
        levels[0].misses += 1
        refill()
        var size = policy.size(of: 0)
        #expect(size > 1000)
        while size > 64 {
            pass(milliseconds: 50)
            take(1)
            levels[0].left = 0  // The rest expired.
            #expect(refill() != nil && policy.size(of: 0) == max(64, size / 2))
            size = policy.size(of: 0)
        }
    }

    @Test mutating func refillingEndsASecondAfterTheLastTake() {
        var refills = 0
        while now < Self.start + 3_000_000_000 {
            if let counts = refill() {
                refills += 1
                #expect(counts == [64, 0])
            }
            pass(milliseconds: 10)
            // What is older than 100 ms is gone.
            levels[0].left = min(levels[0].left, 128)
        }
        // Every 50 ms of the first second, and then no more.
        #expect((15...21).contains(refills))
        levels[0].left = 0
        #expect(action() == .wait(until: nil))
        levels[1].misses += 1
        #expect(refill() == [0, 64])
    }

    @Test mutating func eachStripeHasAShareOfTheMaximum() {
        var configuration = PrefetcherConfiguration()
        configuration.maximumCount = 1000
        (levels, policy) = Self.policy(configuration)
        refill()
        for _ in 0..<10 {
            pass(milliseconds: 1)
            for stripe in 0...1 {
                take(levels[stripe].left, from: stripe)
                levels[stripe].misses += 1
            }
            refill()
            #expect(levels[0].left + levels[1].left <= 1000)
        }
        #expect(levels.map(\.left) == [500, 500])
    }

    @Test mutating func whatOneCallDoesNotGiveIsRequestedByTheNext() {
        var configuration = PrefetcherConfiguration()
        (configuration.minimumCount, configuration.maximumAge) = (1000, .seconds(10))
        (levels, policy) = Self.policy(configuration, maximumAsk: 300)
        #expect(refill() == [300, 0] && refill() == [300, 0] && refill() == [300, 0] && refill() == [100, 0])
        #expect(refill() == nil)
    }

    @Test mutating func aSlowDaemonGetsSmallerRequests() {
        // 64 IDs in 40 ms are 32 in the 20 ms aimed at, but the minimum is 64.
        refill(in: 40_000)
        levels[0].misses += 1
        take(64)
        #expect(refill(in: 40_000) == [64, 0])
        // A fast answer, and the next call may ask for more: the size has doubled before that.
        levels[0].misses += 1
        take(64)
        refill(in: 50)
        levels[0].misses += 1
        take(levels[0].left)
        #expect(refill()![0] > 64)
    }

    @Test mutating func afterAFailureOnlyWaitingTasksCauseARequest() {
        guard case .ask = action() else { return #expect(Bool(false), "no first refill") }
        policy.refillFailed(now: now, retryAfter: 0)
        levels[0].misses += 1
        #expect(action() == .wait(until: now + 10_000_000) && policy.isWaitingToRetry(now: now))
        // Twice the first size, for a take found nothing.
        #expect(action(waiters: 2) == .ask(stripes: [128, 0], waiters: 2))
        policy.refillFailed(now: now, retryAfter: 0)
        #expect(action() == .wait(until: now + 20_000_000))
        pass(milliseconds: 20)
        #expect(!policy.isWaitingToRetry(now: now))
        guard case .ask = action() else { return #expect(Bool(false), "no retry") }
        // The daemon may know better when.
        policy.refillFailed(now: now, retryAfter: 3_000_000_000)
        #expect(action() == .wait(until: now + 3_000_000_000))
        // By then nobody wants any: the daemon has peace.
        pass(milliseconds: 3000)
        #expect(action() == .wait(until: nil))
        levels[0].misses += 1
        #expect(refill() == [64, 0])
    }

    @Test mutating func retriesComeAtMostASecondApart() {
        for failures in 0..<100 {
            guard case .ask = action(waiters: 1) else { return #expect(Bool(false), "a waiter is a call") }
            policy.refillFailed(now: now, retryAfter: 0)
            levels[0].misses += 1
            let delay = UInt64(min(1000, 10 << min(failures, 7)))
            #expect(action() == .wait(until: now + delay * 1_000_000))
        }
    }

    @Test func configurationIsKeptInRange() {
        var configuration = PrefetcherConfiguration()
        (configuration.maximumAge, configuration.idleTimeout) = (.zero, .seconds(-1))
        (configuration.maximumCount, configuration.minimumCount, configuration.maximumWaiters) = (0, -5, -1)
        let low = configuration.inRange
        #expect(low.maximumAge == .milliseconds(1) && low.idleTimeout == .zero)
        #expect(low.maximumCount == 1 && low.minimumCount == 1 && low.maximumWaiters == 0)
        (configuration.maximumAge, configuration.idleTimeout) = (.seconds(1e9), .seconds(1e9))
        (configuration.maximumCount, configuration.minimumCount) = (.max, .max)
        configuration.maximumWaiters = .max
        let high = configuration.inRange
        #expect(high.maximumAge == .seconds(3600) && high.idleTimeout == .seconds(3600))
        #expect(high.maximumCount == 1 << 20 && high.minimumCount == 1 << 20 && high.maximumWaiters == 1 << 20)
    }
}
