import FirnLayout
import FirnWire
import Testing

@testable import firn

/// When a lease is extended and its program stopped, without any clock.
struct LeaseKeeperTests {
    static let second: Int64 = 1_000_000_000
    /// The first tick of the leases, on both clocks 0 s.
    static let firstTick: UInt64 = 1_000_000

    static func at(_ boot: Double, wall: Double? = nil) -> LeaseInstant {
        let start = Layout.snowflake.unixNanoseconds(ofTick: firstTick)
        return LeaseInstant(
            boot: Int64(boot * Double(second)),
            wall: start + Int64((wall ?? boot) * Double(second))
        )
    }

    static func lease(seconds: UInt64) -> Lease {
        Lease(
            worker: 1,
            generation: 1,
            instance: 1,
            token: 1,
            firstTick: firstTick,
            limitTick: firstTick + seconds * 1000
        )
    }

    /// Of a lease of 60 s that began at 0 s: the grace is 5 s, and SIGKILL comes 1.25 s before the limit.
    static func keeper() -> LeaseKeeper {
        LeaseKeeper(LeaseGrant(lease: lease(seconds: 60), layout: .snowflake, limitUnixMilliseconds: 0), at: at(0))
    }

    @Test func extendsAtAThirdOfTheWindow() {
        var keeper = Self.keeper()
        #expect(keeper.next(at: Self.at(19.9)) == nil)
        #expect(keeper.wait(at: Self.at(19)) == Self.second)
        #expect(keeper.next(at: Self.at(20)) == .extend)
        #expect(keeper.next(at: Self.at(30)) == nil, "one call at a time")
        #expect(keeper.nextLimitTick(at: Self.at(30)) == Self.firstTick + 90_001)
        keeper.failed(at: Self.at(30))
        #expect(keeper.next(at: Self.at(30.9)) == nil && keeper.next(at: Self.at(31)) == .extend)
        keeper.extended(Self.lease(seconds: 91), at: Self.at(31))
        #expect(keeper.lease.limitTick == Self.firstTick + 91_000)
        #expect(keeper.next(at: Self.at(50.9)) == nil && keeper.next(at: Self.at(51)) == .extend)
    }

    @Test func endsTheProgramBeforeTheLimit() {
        var keeper = Self.keeper()
        #expect(keeper.next(at: Self.at(20)) == .extend)
        #expect(keeper.next(at: Self.at(54.9)) == nil)
        #expect(keeper.next(at: Self.at(55)) == .terminate)
        #expect(keeper.next(at: Self.at(58.7)) == nil && keeper.wait(at: Self.at(58.7)) > 0)
        #expect(keeper.next(at: Self.at(58.75)) == .kill && keeper.next(at: Self.at(58.8)) == .kill)
    }

    /// The program may have used all ticks that the wall clock has ever said, and more since.
    @Test func whatIsReleasedIsAboveAllThatTheWallClockHasSaid() {
        var keeper = Self.keeper()
        #expect(keeper.next(at: Self.at(10, wall: 35)) == nil)
        #expect(keeper.firstUnusedTick(at: Self.at(10, wall: 35)) == Self.firstTick + 35_001)
        // Set back by 25 s.
        #expect(keeper.firstUnusedTick(at: Self.at(12, wall: 12)) == Self.firstTick + 37_001)
        #expect(keeper.next(at: Self.at(13, wall: 13)) == nil)
        #expect(keeper.firstUnusedTick(at: Self.at(14, wall: 14)) == Self.firstTick + 39_001)
        #expect(keeper.firstUnusedTick(at: Self.at(14, wall: 50)) == Self.firstTick + 50_001)
    }

    /// Where the clock was set back by an hour, a window from its time would end before the present limit, and the lease would
    /// not be extended any more.
    @Test func aClockThatIsSetBackKeepsTheLease() {
        var keeper = Self.keeper()
        #expect(keeper.next(at: Self.at(10)) == nil)
        #expect(keeper.next(at: Self.at(20, wall: 20 - 3600)) == .extend)
        #expect(keeper.nextLimitTick(at: Self.at(20, wall: 20 - 3600)) == Self.firstTick + 80_001)
        keeper.extended(Self.lease(seconds: 80), at: Self.at(20, wall: 20 - 3600))
        // By the other clock it lasts no longer than it does.
        #expect(keeper.left(at: Self.at(20, wall: 20 - 3600)) == 60 * Self.second)
        #expect(keeper.next(at: Self.at(39.9, wall: 39.9 - 3600)) == nil)
        #expect(keeper.next(at: Self.at(40, wall: 40 - 3600)) == .extend)
        #expect(keeper.next(at: Self.at(75, wall: 75 - 3600)) == .terminate)
    }

    /// It was set back to the right time: the lease goes on, up to the limit by both clocks.
    @Test func aClockThatIsSetAheadAndBackKeepsTheLease() {
        var keeper = Self.keeper()
        #expect(keeper.next(at: Self.at(10, wall: 30)) == nil)
        #expect(keeper.next(at: Self.at(20)) == .extend)
        #expect(keeper.nextLimitTick(at: Self.at(20)) == Self.firstTick + 100_001)
        keeper.extended(Self.lease(seconds: 100), at: Self.at(20))
        #expect(keeper.left(at: Self.at(20)) == 60 * Self.second)
    }

    /// A daemon with a shorter longest lease, or a clock that is ahead: the next extension comes before the end.
    @Test func aShorterLeaseIsExtendedSooner() {
        var keeper = Self.keeper()
        #expect(keeper.next(at: Self.at(20)) == .extend)
        keeper.extended(Self.lease(seconds: 41), at: Self.at(20))
        #expect(keeper.next(at: Self.at(26.9)) == nil && keeper.next(at: Self.at(27)) == .extend)
    }

    /// Each clock may be the one that says that the limit is near.
    @Test func judgesTheLimitByBothClocks() {
        var ahead = Self.keeper()
        _ = ahead.next(at: Self.at(20))
        #expect(ahead.next(at: Self.at(21, wall: 55)) == .terminate, "the wall clock was set ahead")
        var back = Self.keeper()
        _ = back.next(at: Self.at(20))
        #expect(back.next(at: Self.at(55, wall: 10)) == .terminate, "the wall clock was set back")
        var stopped = Self.keeper()
        #expect(stopped.next(at: Self.at(70)) == .kill, "this process was stopped")
    }

    @Test func killsAfterALossWithinTheGraceAndTheLimit() {
        var early = Self.keeper()
        _ = early.next(at: Self.at(20))
        early.lost(at: Self.at(20))
        #expect(early.next(at: Self.at(24.9)) == nil, "a lost lease is not extended")
        #expect(early.next(at: Self.at(25)) == .kill)
        var late = Self.keeper()
        _ = late.next(at: Self.at(54))
        late.lost(at: Self.at(54.5))
        #expect(late.next(at: Self.at(58.7)) == nil && late.next(at: Self.at(58.75)) == .kill)
    }

    @Test func aClockThatIsBehindWaitsForTheFirstTick() {
        let keeper = Self.keeper()
        #expect(keeper.untilFirstTick(at: Self.at(0, wall: -2)) == 2 * Self.second)
        #expect(keeper.untilFirstTick(at: Self.at(1)) == 0)
        #expect(keeper.firstUnusedTick(at: Self.at(1)) == Self.firstTick + 1001)
    }
}
