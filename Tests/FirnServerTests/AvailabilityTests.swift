import FirnEngine
import FirnLayout
import FirnWire
import Testing

@testable import FirnServer

/// Ready is what calls are told, although the thread that says so hangs.
@Suite struct AvailabilityTests {
    private let layout = Layout.snowflake
    private let time = ScriptedTime(unixNanoseconds: ScriptedHost.start)
    private let clock: TickClock
    private let slot = WorkerSlot()
    private let availability: Availability

    init() {
        clock = TickClock(layout: layout, source: time)
        availability = Availability(slots: [slot], clock: clock)
    }

    private func open(ticks: UInt64) -> Space {
        var opened: Space?
        slot.open { [layout, clock] notBefore in
            let now = clock.now().tick
            let space = Space(layout: layout, worker: 7, firstTick: max(now, notBefore), limit: now + ticks)
            opened = space
            return space
        }
        return opened!
    }

    @Test func aWindowThatEndedIsAnObstacleBeforeAnyThreadSaysSo() {
        let space = open(ticks: 3000)
        availability.becameReady()
        #expect(availability.obstacle == nil)
        time.advance(nanoseconds: 2_999_000_000)
        #expect(availability.obstacle == nil)
        time.advance(nanoseconds: 1_000_000)
        let obstacle = availability.obstacle
        #expect(obstacle?.code == .unavailable)
        #expect(obstacle?.message.contains("the window of worker 7 ended at") == true)
        #expect(availability.refusal == obstacle, "calls are told the same")
        space.extend(limit: clock.now().tick + 3000)
        #expect(availability.obstacle == nil)
    }

    @Test func theLongerItTakesTheLaterACallIsToComeAgain() {
        _ = open(ticks: 1)
        availability.becameReady()
        time.advance(nanoseconds: 2_000_000)
        #expect(availability.refusal.retryAfterMilliseconds == 50)
        time.advance(nanoseconds: 400_000_000)
        #expect(availability.refusal.retryAfterMilliseconds == 401)
        time.advance(nanoseconds: 60_000_000_000)
        #expect(availability.refusal.retryAfterMilliseconds == 1000)
    }

    @Test func aWorkerThatWasLostIsAnObstacle() {
        _ = open(ticks: 3000)
        availability.becameReady()
        slot.close()
        #expect(availability.obstacle?.message.contains("a worker was lost") == true)
    }

    @Test func whatWasSaidComesFirst() {
        _ = open(ticks: 1)
        time.advance(nanoseconds: 10_000_000)
        availability.becameUnready("the store is away", retryAfterMilliseconds: 100)
        #expect(availability.obstacle?.message == "the store is away")
        availability.startedDraining()
        #expect(availability.obstacle?.message.contains("stopping") == true)
    }
}

@Suite struct DescriptorReserveTests {
    @Test func theLastDescriptorsAreNotForConnections() {
        let reserve = DescriptorReserve(limit: 1024)
        #expect(!reserve.isShort(with: 991) && reserve.isShort(with: 992))
        #expect(!reserve.isShort(with: 1007, isAdmin: true) && reserve.isShort(with: 1008, isAdmin: true))
        // Where there are few, fewer are kept.
        let small = DescriptorReserve(limit: 64)
        #expect(!small.isShort(with: 55) && small.isShort(with: 56))
        #expect(!small.isShort(with: 59, isAdmin: true) && small.isShort(with: 60, isAdmin: true))
        #expect(!DescriptorReserve(limit: 8).isShort(with: 6))
    }
}
