import FirnEngine
import FirnLayout
import FirnStore
import FirnWindows
import FirnWire
import Logging
import Synchronization
import Testing

@testable import FirnServer

/// Requests that find the windows at rest, and the thread that ends the rest.
@Suite struct WindowRestTests {
    private let scheduler = ScriptedScheduler()
    private var requests: RequestScheduler<ScriptedShard> { scheduler.requests }
    private var shard: ScriptedShard { scheduler.shards[0] }

    /// The windows' thread has extended the window.
    private func extend() {
        shard.condition = .open
        scheduler.rest.publish(isResting: false)
    }

    @Test func aRequestWaitsForTheWindowAndIsServedAtOnce() {
        shard.condition = .closed
        scheduler.rest.publish(isResting: true)
        let (first, second) = (requests.join(), requests.join())
        scheduler.ask(first, .nextID)
        scheduler.ask(second, .nextBatch(count: 3))
        scheduler.ask(first, .nextID)
        for _ in 0..<5 { scheduler.advance() }
        #expect(scheduler.read(first).isEmpty && scheduler.read(second).isEmpty)
        #expect(!requests.waitsForTime && requests.nextWakeUp == .max, "it is told, and does not look again and again")
        #expect(scheduler.rest.isWanted && scheduler.listener.windows == 0)
        extend()
        #expect(scheduler.listener.windows == 1, "one answer, however many requests wait")
        scheduler.storeAnswered(.windows)
        scheduler.wakeUp()
        #expect(scheduler.read(first).map(\.ids.count) == [1, 1] && scheduler.read(second).map(\.ids.count) == [3])
        #expect(!scheduler.rest.isWanted && !scheduler.rest.isResting)
    }

    @Test func whatCannotBeExtendedIsRefused() {
        shard.condition = .closed
        scheduler.rest.publish(isResting: true)
        let peer = requests.join()
        scheduler.ask(peer, .nextID)
        scheduler.rest.publish(isResting: false)
        scheduler.storeAnswered(.windows)
        scheduler.wakeUp()
        #expect(scheduler.read(peer).map(\.code) == [.unavailable])
        scheduler.ask(peer, .nextID)
        #expect(scheduler.read(peer).map(\.code) == [.unavailable], "nobody rests any more")
    }

    @Test func aDeadlineIsKeptWhileTheWindowIsWaitedFor() {
        shard.condition = .closed
        scheduler.rest.publish(isResting: true)
        let peer = requests.join()
        scheduler.ask(peer, .nextID, timeoutMilliseconds: 3)
        #expect(requests.nextWakeUp == scheduler.now + 3_000_000)
        scheduler.advance(milliseconds: 3)
        #expect(scheduler.read(peer).map(\.code) == [.deadlineExceeded])
        // Another request waits as the first one did.
        scheduler.ask(peer, .nextID)
        extend()
        scheduler.storeAnswered(.windows)
        scheduler.wakeUp()
        #expect(scheduler.read(peer).map(\.ids.count) == [1])
    }

    /// The rest ends between the attempt and the registration.
    @Test func aRestThatHasJustEndedRefusesNobody() {
        let rest = WindowRest()
        #expect(!rest.end(for: scheduler.listener), "nothing to wait for")
        let opening = OpeningShard()
        let requests = RequestScheduler(service: scheduler.service, shards: [opening]) { _ in
            Status(.deadlineExceeded, "late")
        }
        let peer = requests.join()
        let request = Request(callID: 1, timeoutMilliseconds: 0, method: .nextID)
        guard case .nextID = requests.submit(request, from: peer) else {
            return #expect(Bool(false), "the second attempt finds the window")
        }
        #expect(opening.asked == 2)
    }

    /// The thread's signal comes once for each rest, however many threads and requests want it to end.
    @Test func theThreadIsWokenOnce() {
        let rest = WindowRest()
        let wakes = Mutex(0)
        rest.setWake { wakes.withLock { $0 += 1 } }
        rest.publish(isResting: true)
        let other = ScriptedListener()
        for _ in 0..<3 {
            #expect(rest.end(for: scheduler.listener))
            #expect(rest.end(for: other))
        }
        #expect(wakes.withLock { $0 } == 1 && rest.isWanted)
        // A step that had begun before the request does not lose it.
        rest.publish(isResting: true)
        #expect(rest.isWanted)
        rest.publish(isResting: false)
        #expect(scheduler.listener.windows == 1 && other.windows == 1)
    }

    // MARK: - The renewer

    /// A store, a clock and a renewer of one window of three seconds, which rests after ten seconds without a claim.
    private final class Host {
        let store = MemoryStore()
        let time = ScriptedTime(unixNanoseconds: ScriptedHost.start)
        let slots: [WorkerSlot]
        let rest = WindowRest()
        let meter: WindowMeter
        let availability: Availability
        let clock: TickClock
        let renewer: WindowRenewer
        let listener = ScriptedListener()

        init(workers: Int = 1, restAfter: Duration? = .seconds(10), rule: WorkerRule = .auto) {
            let layout = Layout.snowflake
            clock = TickClock(layout: layout, source: time)
            slots = (0..<workers).map { _ in WorkerSlot() }
            meter = WindowMeter(places: workers)
            availability = Availability(slots: slots, clock: clock, rest: rest)
            renewer = WindowRenewer(
                slots: slots,
                rule: rule,
                claims: Self.claims(store, instance: 1),
                clock: clock,
                layout: layout,
                shardsPerWorker: 1,
                availability: availability,
                meter: meter,
                rest: rest,
                restAfter: restAfter,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            renewer.advance()
        }

        static func claims(_ store: MemoryStore, instance: UInt64) -> WorkerClaims {
            WorkerClaims(
                store: store,
                holder: Holder(host: "test", pod: nil, pid: 1, instance: instance),
                maximumWorker: 1023,
                maximumTick: Layout.snowflake.maximumTick,
                windowTicks: 3_000,
                journal: nil
            )
        }

        /// Lets seconds pass as the renewer's thread does, and takes an ID in each if `takes`.
        func pass(seconds: Int, takes: Bool = false) {
            for _ in 0..<seconds * 2 {
                time.advance(nanoseconds: 500_000_000)
                if takes { take() }
                renewer.advance()
            }
        }

        /// Takes an ID; ends the rest when there is no window, as a scheduler does.
        @discardableResult
        func take(_ slot: Int = 0) -> Bool {
            guard let space = slots[slot].current().space else { return false }
            if case .positions = space.claim(upTo: 1, now: clock.now().tick) { return true }
            _ = rest.end(for: listener)
            return false
        }

        var version: UInt64 { (try? store.highestVersion()) ?? 0 }
    }

    @Test func nothingIsWrittenWhileNobodyTakesIDs() {
        let host = Host()
        host.pass(seconds: 60, takes: true)
        #expect(host.version >= 60, "extended at each third of three seconds")
        host.pass(seconds: 12)
        let version = host.version
        host.pass(seconds: 600)
        #expect(host.version == version)
        #expect(host.meter.reading.places[0].isResting && host.meter.reading.places[0].obstacle == nil)
        #expect(host.availability.obstacle == nil, "it is ready, although its window has ended")
        #expect(host.renewer.nanosecondsToNextStep > 0)
    }

    @Test(arguments: [1, 3]) func theNextRequestExtendsEveryWindowAtOnce(workers: Int) {
        let host = Host(workers: workers)
        host.pass(seconds: 60)
        let workersBefore = host.meter.reading.places.map { $0.holding?.worker }
        let version = host.version
        #expect(!host.take() && host.rest.isWanted)
        host.renewer.advance()
        #expect(host.version == version + UInt64(workers), "one write for each worker")
        #expect(host.listener.windows == 1)
        #expect((0..<workers).allSatisfy { host.take($0) })
        #expect(host.meter.reading.places.map { $0.holding?.worker } == workersBefore)
        // It does not rest again before its time.
        host.pass(seconds: 9)
        #expect(!host.rest.isResting)
        host.pass(seconds: 3)
        #expect(host.rest.isResting)
    }

    /// A window that has not ended yet gives IDs at once, and is extended again at the next step.
    @Test func anIDFromTheRestOfTheWindowEndsTheRest() {
        let host = Host()
        while !host.rest.isResting { host.pass(seconds: 1) }
        #expect(host.take(), "the window has two thirds left")
        host.pass(seconds: 1)
        #expect(!host.rest.isResting)
        #expect(host.meter.reading.places[0].holding!.limitTick >= host.clock.now().tick + 2_000)
    }

    @Test func aWorkerThatOthersHaveClaimedIsReplaced() throws {
        let host = Host()
        host.pass(seconds: 60)
        let worker = try #require(host.meter.reading.places[0].holding?.worker)
        var random = SystemRandomNumberGenerator()
        let tick = host.clock.now().tick
        let other = try Host.claims(host.store, instance: 2).claim(
            .fixed(worker),
            at: StoreInstant(tick: tick, unixMilliseconds: 0),
            notBefore: 0,
            using: &random
        )
        guard case .claimed(let held) = other else { return #expect(Bool(false), "a worker at rest is free: \(other)") }
        #expect(held.firstTick >= host.slots[0].current().space!.windowLimit)
        #expect(!host.take())
        host.renewer.advance()
        let replaced = try #require(host.meter.reading.places[0].holding?.worker)
        #expect(replaced != worker && host.listener.windows == 1 && host.take())
    }

    @Test func aStoreThatIsAwayIsTheReasonOfTheRefusal() {
        let host = Host()
        host.pass(seconds: 60)
        host.store.isAvailable = false
        #expect(!host.take())
        host.renewer.advance()
        #expect(host.listener.windows == 1, "those who wait are told")
        #expect(!host.take() && !host.rest.isResting)
        #expect(host.availability.refusal.message.contains("could not be extended"), "\(host.availability.refusal)")
        host.store.isAvailable = true
        host.pass(seconds: 3)
        #expect(host.take() && host.availability.obstacle == nil)
    }

    @Test func withoutARestWindowsAreAlwaysExtended() {
        let host = Host(restAfter: nil)
        let version = host.version
        host.pass(seconds: 60)
        #expect(host.version >= version + 59 && !host.rest.isResting && host.take())
    }
}

/// A shard whose window opens after the first attempt.
private final class OpeningShard: IDShard {
    private(set) var asked = 0

    func nextID(now: UInt64) -> Minted<FirnID> {
        asked += 1
        return asked == 1 ? .closed : .minted(FirnID(rawValue: 1))
    }

    func nextRun(upTo count: UInt32, now: UInt64) -> Minted<Run> { .closed }

    func setWaiting(_ waits: Bool) {}

    func refresh() -> Bool { false }
}
