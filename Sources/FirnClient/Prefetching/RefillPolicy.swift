/// When a prefetcher requests IDs, and how many. A state machine without I/O and clock.
///
/// Each stripe has a *size*, the number of IDs that it has after a refill: what is taken from it in a fifth of the maximum
/// age, at the rate since its last refill. The size of a stripe that was found empty doubles, because how many more would
/// have been taken is not known. The size of one that needs less is halved with each refill, so that it does not drop to the
/// minimum after one short pause.
///
/// A stripe is refilled
/// - when IDs were taken and half of its size or less is left, or a take found it empty;
/// - when half of the maximum age has passed since the last refill, and a take was made within `idleTimeout`: so a slow user
///   finds fresh IDs too, and refills end when the use has ended.
///
/// One call requests no more than the daemon makes in that fifth of the maximum age, judging by the last call: otherwise the
/// first of its IDs would be old when the last are made, and waiting tasks would wait for all of them.
///
/// After a failure nothing is requested until a delay has passed, 10 ms at first and doubling up to 1 s; but a task that
/// waits for an ID has IDs requested at once, as a call of its own would.
struct RefillPolicy: Sendable {
    enum Action: Equatable, Sendable {
        /// Request IDs: a number for each stripe, and a number for tasks that wait.
        case ask(stripes: [Int], waiters: Int)
        /// Do nothing until then, or until there is demand; nil stands for no instant.
        case wait(until: BootTime?)
    }

    private struct Stripe: Sendable {
        var level = PrefetchBuffer.Level()
        /// 0 while the stripe is not in use.
        var size = 0
        var lastUsed: BootTime?
        var refilled: BootTime?
        /// The level as it was at the last refill.
        var levelThen = PrefetchBuffer.Level()
        /// Whether the last refill was smaller than the stripe needed, because one call gives no more.
        var isShort = false

        // What takes dropped counts as taken for a moment (``PrefetchBuffer/levels()``), so these may fall.
        var used: Int { Int(level.taken - min(level.taken, levelThen.taken)) }
        var missed: Bool { level.misses > levelThen.misses }
    }

    /// The share of the maximum age that a stripe's IDs should last.
    private static let horizonDivisor: UInt64 = 5
    private static let firstDelay: UInt64 = 10_000_000
    private static let maximumDelay: UInt64 = 1_000_000_000

    private let maximumAge: UInt64
    private let idleTimeout: UInt64
    private let minimumCount: Int
    private let maximumCount: Int
    private let maximumAsk: Int

    private var stripes: [Stripe]
    /// The state of each stripe after the refill in progress; nil for stripes that are not refilled.
    private var pending: [(size: Int, isShort: Bool)?]
    /// The most that one call requests, judging by how long the last one took.
    private var timelyAsk: Int
    private var failures = 0
    private var retryAt: BootTime?

    /// A policy that requests the first IDs at once.
    ///
    /// - Parameters:
    ///   - configuration: In its range.
    ///   - maximumAsk: The most IDs that one call may request; at least 1.
    init(configuration: PrefetcherConfiguration, stripes: Int, maximumAsk: Int) {
        precondition(stripes > 0 && maximumAsk > 0, "a stripe to fill, and calls that fill it")
        maximumAge = configuration.maximumAge.nanoseconds
        idleTimeout = configuration.idleTimeout.nanoseconds
        minimumCount = configuration.minimumCount
        maximumCount = configuration.maximumCount
        self.maximumAsk = maximumAsk
        timelyAsk = maximumAsk
        self.stripes = Array(repeating: Stripe(), count: stripes)
        pending = Array(repeating: nil, count: stripes)
        self.stripes[0].size = minimumCount
    }

    // MARK: - Events

    /// The stripes' levels were read.
    mutating func sampled(_ levels: [PrefetchBuffer.Level], now: BootTime) {
        precondition(levels.count == stripes.count, "a level for each stripe")
        for index in stripes.indices {
            let old = stripes[index].level
            stripes[index].level = levels[index]
            // The first sample counts as use: a program that makes a prefetcher is about to take IDs.
            let isFirst = stripes[index].size > 0 && stripes[index].lastUsed == nil
            guard isFirst || levels[index].taken > old.taken || levels[index].misses > old.misses else { continue }
            if !isInUse(stripes[index], now: now) && !isFirst {
                // A new user: what the one before needed is no guide.
                (stripes[index].size, stripes[index].isShort, stripes[index].levelThen) = (0, false, old)
            }
            stripes[index].lastUsed = now
        }
    }

    /// The IDs of the last ``Action/ask(stripes:waiters:)`` came, `count` in all, and are in the stripes; the levels were
    /// read since.
    mutating func refilled(count: Int, asked: BootTime, now: BootTime) {
        (failures, retryAt) = (0, nil)
        let rate = Double(count) / Double(max(now.since(asked), 1))
        timelyAsk = max(minimumCount, Int(min(rate * Double(maximumAge / Self.horizonDivisor), Double(maximumAsk))))
        for index in stripes.indices {
            guard let (size, isShort) = pending[index] else { continue }
            (stripes[index].size, stripes[index].isShort) = (size, isShort)
            (stripes[index].refilled, stripes[index].levelThen) = (now, stripes[index].level)
            pending[index] = nil
        }
    }

    /// The last ``Action/ask(stripes:waiters:)`` failed.
    mutating func refillFailed(now: BootTime, retryAfter: UInt64) {
        let delay = min(Self.firstDelay << UInt64(min(failures, 10)), Self.maximumDelay)
        failures += 1
        retryAt = now + max(delay, retryAfter)
        pending = stripes.map { _ in nil }
    }

    // MARK: - What to do

    /// What to do now, by the latest sample.
    mutating func action(waiters: Int, now: BootTime) -> Action {
        if let retryAt, retryAt > now, waiters == 0 { return .wait(until: retryAt) }
        var (room, ask) = (maximumCount, min(maximumAsk, timelyAsk))
        for stripe in stripes { room -= min(room, stripe.level.left) }
        let waiters = min(waiters, ask)
        ask -= waiters

        // One busy processor does not take the others' share.
        let share = max(1, maximumCount / max(1, stripes.count { isInUse($0, now: now) }))
        var (counts, next) = (stripes.map { _ in 0 }, BootTime?.none)
        for index in stripes.indices {
            if let refreshAt = refreshTime(of: stripes[index], now: now), refreshAt > now, !isLow(stripes[index]) {
                next = min(next ?? refreshAt, refreshAt)
                continue
            }
            guard let wanted = wanted(by: stripes[index], share: share, now: now) else { continue }
            let count = min(wanted.count, room, ask)
            guard count > 0 else { continue }
            counts[index] = count
            pending[index] = (wanted.size, isShort: count < min(wanted.count, room))
            (room, ask) = (room - count, ask - count)
        }
        guard waiters > 0 || counts.contains(where: { $0 > 0 }) else { return .wait(until: next) }
        return .ask(stripes: counts, waiters: waiters)
    }

    /// Whether nothing is requested because the last call failed: takes need not signal demand.
    func isWaitingToRetry(now: BootTime) -> Bool { retryAt.map { $0 > now } ?? false }

    /// How many IDs a stripe should have after a refill.
    func size(of stripe: Int) -> Int { stripes[stripe].size }

    /// A stripe is in use for as long after `idleTimeout` as IDs requested then would be valid.
    private func isInUse(_ stripe: Stripe, now: BootTime) -> Bool {
        stripe.lastUsed.map { now.since($0) <= idleTimeout + maximumAge } ?? false
    }

    private func isLow(_ stripe: Stripe) -> Bool {
        stripe.isShort || stripe.missed || (stripe.used > 0 && stripe.level.left <= stripe.size / 2)
    }

    /// When a stripe's IDs are replaced because of their age; nil when the stripe is not in use any more.
    private func refreshTime(of stripe: Stripe, now: BootTime) -> BootTime? {
        guard stripe.size > 0, let lastUsed = stripe.lastUsed else { return nil }
        guard let refilled = stripe.refilled else { return now }
        let refreshAt = refilled + maximumAge / 2
        return max(refreshAt, now).since(lastUsed) <= idleTimeout ? refreshAt : nil
    }

    /// How many more IDs a stripe needs, and its size with them; nil when it needs none.
    private func wanted(by stripe: Stripe, share: Int, now: BootTime) -> (count: Int, size: Int)? {
        let isLow = isLow(stripe)
        guard isInUse(stripe, now: now), isLow || refreshTime(of: stripe, now: now) != nil else { return nil }
        var size = stripe.size
        if stripe.refilled == nil || !stripe.isShort {
            let elapsed = stripe.refilled.map { max(now.since($0), 1) } ?? .max
            let rate = Double(stripe.used) / Double(elapsed)
            let used = Int(min(rate * Double(maximumAge / Self.horizonDivisor), Double(share)).rounded(.up))
            size = max(used, stripe.missed ? stripe.size * 2 : stripe.size / 2)
        }
        size = min(max(size, minimumCount), share)
        // When a stripe is refreshed, the IDs in it have reached half of their maximum age, and do not count.
        let count = isLow ? size - min(size, stripe.level.left) : size
        return (count, size)
    }
}
