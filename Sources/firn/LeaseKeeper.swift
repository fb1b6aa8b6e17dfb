internal import FirnLayout
internal import FirnWire

/// A moment by both clocks, in nanoseconds.
struct LeaseInstant {
    /// CLOCK_BOOTTIME: goes on while the machine is suspended, and is never set.
    var boot: Int64
    /// The wall clock, which the ticks are of.
    var wall: Int64
}

/// Decides what is done for a program that uses a lease: when the lease is extended, and when the program is stopped. Pure.
///
/// The limit is judged by both clocks, the earlier counts: the wall clock, because the program's ticks are of it, and the
/// time since the daemon's answer, because the wall clock may be set back.
struct LeaseKeeper {
    enum Action: Equatable {
        /// Call the daemon, and tell ``extended(_:at:)``, ``failed(at:)`` or ``lost(at:)``.
        case extend
        /// Send SIGTERM.
        case terminate
        /// Send SIGKILL. Asked for again until the program has ended.
        case kill
    }

    /// How long one lease lasts.
    let window: Int64
    /// How long before the limit the program gets SIGTERM.
    let grace: Int64
    private(set) var lease: Lease
    /// Whether the program has to end, or has ended and left others behind.
    private(set) var isStopping = false

    private let layout: Layout
    /// The latest that the wall clock has said, carried on by the other one: the program has not used later ticks.
    private var latest: LeaseInstant
    private var limit: LeaseInstant
    private var nextExtension: Int64
    private var isCalling = false
    /// By CLOCK_BOOTTIME.
    private var killAt = Int64.max

    init(_ grant: LeaseGrant, at now: LeaseInstant) {
        let (window, isTooLong) = (grant.lease.limitTick - min(grant.lease.firstTick, grant.lease.limitTick))
            .multipliedReportingOverflow(by: grant.layout.tickNanoseconds)
        self.window = isTooLong ? Self.longest : min(Self.longest, Int64(clamping: window))
        grace = min(5_000_000_000, self.window / 6)
        lease = grant.lease
        layout = grant.layout
        latest = now
        limit = LeaseInstant(boot: 0, wall: 0)
        nextExtension = 0
        extended(grant.lease, at: now)
    }

    /// So that no sum overflows. Daemons lease for a day at most.
    private static let longest: Int64 = 30 * 86_400 * 1_000_000_000

    /// How long the program may still run.
    func left(at now: LeaseInstant) -> Int64 { min(limit.boot - now.boot, limit.wall - now.wall) }

    /// How long until the lease's first tick: the program may not use an earlier one.
    func untilFirstTick(at now: LeaseInstant) -> Int64 {
        max(0, layout.unixNanoseconds(ofTick: lease.firstTick) - now.wall)
    }

    /// The first tick that the program cannot have used yet, also when the wall clock was set back since.
    func firstUnusedTick(at now: LeaseInstant) -> UInt64 {
        (layout.tick(atUnixNanoseconds: latest(at: now)) ?? 0) + 1
    }

    private func latest(at now: LeaseInstant) -> Int64 {
        let carriedOn = latest.wall.addingReportingOverflow(max(0, now.boot - latest.boot))
        return max(now.wall, carriedOn.overflow ? .max : carriedOn.partialValue)
    }

    /// The limit to ask for: a window from the latest time that the wall clock has said, because a limit from a clock that was
    /// set back since would lie before the present one.
    func nextLimitTick(at now: LeaseInstant) -> UInt64 {
        (layout.tick(atUnixNanoseconds: latest(at: now)) ?? 0) + 1 + UInt64(window) / layout.tickNanoseconds
    }

    /// SIGKILL comes this long before the limit, so that the program has ended by then.
    private var reserve: Int64 { grace / 4 }

    /// The next thing to do; nil: wait, for ``wait(at:)``.
    mutating func next(at now: LeaseInstant) -> Action? {
        latest = LeaseInstant(boot: now.boot, wall: latest(at: now))
        if now.boot >= killAt || left(at: now) <= reserve {
            isStopping = true
            return .kill
        }
        if !isStopping, left(at: now) <= grace {
            stop(at: now)
            return .terminate
        }
        guard !isStopping, !isCalling, now.boot >= nextExtension else { return nil }
        isCalling = true
        return .extend
    }

    /// How long until there may be something to do.
    func wait(at now: LeaseInstant) -> Int64 {
        let left = left(at: now)
        var wait = min(killAt - now.boot, left - (isStopping ? reserve : grace))
        if !isStopping, !isCalling { wait = min(wait, nextExtension - now.boot) }
        return max(0, wait)
    }

    /// The daemon has answered: `lease` is its present state.
    mutating func extended(_ lease: Lease, at now: LeaseInstant) {
        let wall = layout.unixNanoseconds(ofTick: lease.limitTick)
        // From the latest time: by a wall clock that was set back the lease would last longer than it does.
        let left = max(0, min(Self.longest, wall.subtractingReportingOverflow(latest(at: now)).partialValue))
        limit = LeaseInstant(boot: now.boot + left, wall: latest(at: now) + left)
        (self.lease.token, self.lease.limitTick) = (lease.token, lease.limitTick)
        nextExtension = now.boot + min(window, left) / 3
        isCalling = false
    }

    /// The daemon has not extended the lease, and may if asked again.
    mutating func failed(at now: LeaseInstant) {
        nextExtension = now.boot + min(1_000_000_000, window / 30)
        isCalling = false
    }

    /// The lease is another's.
    mutating func lost(at now: LeaseInstant) {
        isCalling = false
        stop(at: now)
    }

    /// Lets the program end within the grace: it is killed after that.
    mutating func stop(at now: LeaseInstant) {
        isStopping = true
        killAt = min(killAt, now.boot + grace)
    }
}
