package import FirnEngine
package import FirnLayout
package import FirnStore
internal import Synchronization

/// Claims the workers of a daemon or a minter, keeps their windows ahead of the clock, steers the clock, and gives the
/// rest of the windows back at the end. For one thread.
///
/// A ``WindowKeeper`` for each worker decides what to do; the renewer does it and reports the outcome to the keeper.
/// Memory follows the disk (promise 2): a space's limit is raised only after the store has answered that the higher one
/// is written.
package final class WindowRenewer {
    /// One worker's slot, the keeper of its window, and the tick at which the keeper is called next.
    private struct Place {
        let slot: WorkerSlot
        var keeper: WindowKeeper
        var space: Space?
        var held: HeldWorker?
        var wakeTick: UInt64 = 0
        /// Its keeper's actions are being done.
        var isPerforming = false
        var lastStatus: WindowStatus?
    }

    private let rule: WorkerRule
    private let claims: any WorkerSource
    private let clock: TickClock
    private let layout: Layout
    private let shardsPerWorker: Int
    private let firstSequence: FirstSequence
    private let observer: any WindowObserver
    private var places: [Place]
    private var nextSteering: Int64 = 0
    /// Called before every call to the store: this thread is about to wait, and does not hang.
    package var willAct: (() -> Void)?
    /// Called about once per second, whenever the clocks are compared.
    package var everySecond: (() -> Void)?
    /// Called at every step, and before each call to the store, while the store is not the one that granted what this
    /// daemon holds, or was set back to an older state.
    package var storeSetBack: (() -> Void)?
    /// ``finish()`` gives workers back one after the other, on this thread: for a simulation, which has no other.
    package var releasesInTurn = false
    private var journalError: StoreError?
    private let rest: (any RestControl)?
    /// `nil`: the windows never rest.
    private var restTimer: RestTimer?
    private var testimonyTimer = TestimonyTimer()
    private let makeRandom: () -> any RandomNumberGenerator

    private static let steeringInterval: Int64 = 1_000_000_000

    /// A waiting daemon sends few requests to the store, and a takeover after a clean stop may take two seconds.
    private static let maximumRetry = Duration.seconds(2)

    /// - Parameters:
    ///   - slots: for the workers' spaces; one worker is claimed for each slot.
    ///   - rule: which workers. A fixed one is for a single slot.
    ///   - firstSequence: the sequence number with which a tick begins.
    ///   - rest: tells the threads that give out IDs whether the windows are at rest; `nil`: they never are.
    ///   - restAfter: how long no IDs have been taken when the windows go to rest; `nil`: they never do.
    ///   - makeRandom: draws the writes' tokens, the choice of workers and delays.
    package init(
        slots: [WorkerSlot],
        rule: WorkerRule,
        claims: any WorkerSource,
        clock: TickClock,
        layout: Layout,
        shardsPerWorker: Int,
        firstSequence: FirstSequence = .zero,
        observer: any WindowObserver,
        rest: (any RestControl)? = nil,
        restAfter: Duration? = nil,
        makeRandom: @escaping () -> any RandomNumberGenerator = systemRandom
    ) {
        precondition(restAfter == nil || rest != nil, "without a RestControl nobody could end a rest")
        if case .fixed = rule { precondition(slots.count == 1, "a fixed worker is one") }
        self.rule = rule
        self.claims = claims
        self.clock = clock
        self.layout = layout
        self.shardsPerWorker = shardsPerWorker
        self.firstSequence = firstSequence
        self.observer = observer
        self.rest = rest
        self.makeRandom = makeRandom
        var random = makeRandom()
        restTimer = restAfter.map { RestTimer($0, slots: slots.count, now: clock.now()) }
        places = slots.map { slot in
            let configuration = WindowKeeper.Configuration(
                windowTicks: claims.windowTicks,
                maximumTick: claims.maximumTick,
                maximumRetryTicks: clock.ticks(in: Self.maximumRetry)
            )
            return Place(
                slot: slot,
                keeper: WindowKeeper(configuration: configuration, jitterSeed: random.next())
            )
        }
        for index in places.indices { perform(places[index].keeper.started(), at: index) }
    }

    /// Runs the steps that are due.
    package func advance() {
        let moment = clock.now()
        if moment.bootNanoseconds >= nextSteering {
            let steering = clock.steer()
            observer.steered(steering, moment: moment)
            nextSteering = moment.bootNanoseconds + Self.steeringInterval
            everySecond?()
        }
        // A write for a sequence may have found that the store was set back.
        closeIfSetBack()
        let mayRest =
            restTimer?.isDue(
                positions: places.map { $0.space?.position },
                isWanted: rest?.isWanted == true,
                now: moment
            ) ?? false
        for index in places.indices {
            if !mayRest, places[index].keeper.isResting {
                perform(places[index].keeper.wanted(now: clock.now().tick), at: index)
            } else if clock.now().tick >= places[index].wakeTick {
                perform(places[index].keeper.ticked(now: clock.now().tick, mayRest: mayRest), at: index)
            }
            closeIfSetBack()
        }
        let statuses = places.map { $0.keeper.status(now: clock.now().tick) }
        // Called before the status is published: a caller that sees the status cannot get a ticket either.
        if statuses.contains(where: \.isStoreLost) { storeSetBack?() }
        for (index, status) in zip(places.indices, statuses) {
            if status != places[index].lastStatus { observer.changed(to: status, from: places[index].lastStatus) }
            places[index].lastStatus = status
        }
        let found = claims.findings.takeUnreported()
        for worker in found.farAhead { observer.found(worker) }
        for error in found.unreadable { observer.found(unreadable: error) }
        observer.stepped(
            zip(places, statuses).map { WindowStanding(status: $1, held: $0.held, isResting: $0.keeper.isResting) },
            workersFarAhead: claims.findings.farAheadCount(nowTick: clock.now().tick),
            now: clock.now()
        )
        // After the reason for a refusal is published: the requests that waited are tried again now.
        rest?.publish(isResting: places.contains { $0.keeper.isResting })
    }

    /// Closes every space while the store is known to be set back, but for those of keepers that are being told so. What
    /// is held of sequences is dropped with them, before the store's next call is waited for.
    private func closeIfSetBack() {
        guard let error = claims.journal?.setBackError else { return }
        storeSetBack?()
        for index in places.indices where places[index].space != nil && !places[index].isPerforming {
            perform(places[index].keeper.storeSetBack(error), at: index)
        }
    }

    /// Records what was granted in the journal, apart from the store.
    ///
    /// An extension is recorded before it is used. A claim is recorded after everything that waits for it is done, in
    /// particular the daemon's start: until then the journal of the last run is kept. Only the detection of a store
    /// that was set back depends on the journal, so a failure is reported and otherwise ignored.
    package func remember() {
        guard let journal = claims.journal else { return }
        do throws(StoreError) {
            try observer.during("write the state directory") { () throws(StoreError) in try journal.persist() }
            journalError = nil
        } catch {
            if journalError != error { observer.notRemembered(error) }
            journalError = error
        }
    }

    /// Testifies in the store what time it is, for daemons that start later: soon after the first window was opened, and
    /// about every ten minutes. A daemon that extends no window does not, and nor does one whose store fails. A failure
    /// has no consequence.
    package func testify() {
        guard let held = places.lazy.compactMap(\.held).first,
            places.allSatisfy({ if case .serving(_, _, nil)? = $0.lastStatus { true } else { false } })
        else { return }
        let moment = clock.now()
        var random = makeRandom()
        guard testimonyTimer.isDue(now: moment, using: &random) else { return }
        try? claims.testify(held, at: moment.storeInstant)
        // It writes, too, and so may find it.
        closeIfSetBack()
    }

    /// Nanoseconds until ``advance()`` has something to do.
    package var nanosecondsToNextStep: Int64 {
        let moment = clock.now()
        let soonest = places.map(\.wakeTick).min()!
        return min(max(0, nextSteering - moment.bootNanoseconds), clock.nanoseconds(from: moment, untilTick: soonest))
    }

    /// Closes every space and gives its unused ticks back, for several workers at once. To be called last.
    package func finish() {
        var releases: [(index: Int, held: HeldWorker, firstUnusedTick: UInt64)] = []
        // All are closed before the store is called.
        let first = places.indices.map { index in
            let action = places[index].keeper.stopRequested()
            if case .closeSpace = action { return answer(to: action, at: index) }
            return action
        }
        for index in places.indices {
            var action = first[index]
            while true {
                if case .finish = action { break }
                if case .release(let held, let firstUnusedTick) = action {
                    releases.append((index, held, firstUnusedTick))
                    break
                }
                action = answer(to: action, at: index)
            }
        }
        let moment = clock.now().storeInstant
        let outcomes = Outcomes(count: releases.count)
        let release: @Sendable (Int) -> Bool = { [releases, claims] number in
            let (_, held, firstUnusedTick) = releases[number]
            let outcome = claims.release(held, firstUnusedTick: firstUnusedTick, at: moment)
            outcomes.all.withLock { $0[number] = outcome }
            return true
        }
        if releasesInTurn {
            for index in releases.indices { _ = release(index) }
        } else {
            NativeThread.forEach(below: releases.count, name: "windows", within: .seconds(3600), release)
        }
        for (release, outcome) in zip(releases, outcomes.all.withLock { $0 }) {
            guard let outcome else { continue }
            observer.released(release.held, outcome)
            perform(places[release.index].keeper.releaseAnswered(outcome), at: release.index)
        }
    }

    private final class Outcomes: Sendable {
        let all: Mutex<[ReleaseOutcome?]>

        init(count: Int) {
            all = Mutex(Array(repeating: nil, count: count))
        }
    }

    /// Runs the keeper's actions until it returns none that is due.
    private func perform(_ first: WindowAction, at index: Int) {
        places[index].isPerforming = true
        defer { places[index].isPerforming = false }
        var action = first
        while true {
            switch action {
            case .wait(let untilTick):
                places[index].wakeTick = untilTick
                return
            case .finish:
                places[index].wakeTick = .max
                return
            case .closeSpace:
                action = answer(to: action, at: index)
            case .claim:
                // This worker's last call may have found it. The others are closed before the next call is waited for.
                closeIfSetBack()
                action = answer(to: action, at: index)
            case .extend, .readBack:
                // Nor is the store called for a worker that is to be closed.
                guard let error = claims.journal?.setBackError else {
                    action = answer(to: action, at: index)
                    continue
                }
                action = places[index].keeper.holdAnswered(.setBack(error), now: clock.now().tick)
            default:
                action = answer(to: action, at: index)
            }
        }
    }

    private func answer(to action: WindowAction, at index: Int) -> WindowAction {
        willAct?()
        let instant = clock.now().storeInstant
        var random = makeRandom()
        switch action {
        case .claim(let notBefore):
            do throws(StoreError) {
                let outcome = try claims.claim(claimRule(), at: instant, notBefore: notBefore, using: &random)
                return places[index].keeper.claimAnswered(outcome, now: clock.now().tick)
            } catch {
                return places[index].keeper.claimFailed(error, now: clock.now().tick)
            }
        case .extend(let held, let limit):
            let outcome = claims.extend(held, toLimit: limit, at: instant, using: &random)
            return places[index].keeper.holdAnswered(outcome, now: clock.now().tick)
        case .readBack(let held):
            return places[index].keeper.holdAnswered(claims.reconcile(held), now: clock.now().tick)
        case .openSpace(let held):
            open(held, at: index)
            testimonyTimer.windowChanged()
            claims.journal?.granted(held)
            return places[index].keeper.spaceOpened(now: clock.now().tick)
        case .raiseLimit(let held):
            claims.journal?.granted(held)
            remember()
            places[index].space?.extend(limit: held.limit)
            places[index].held = held
            testimonyTimer.windowChanged()
            return places[index].keeper.limitRaised(now: clock.now().tick)
        case .closeSpace:
            let firstUnused = places[index].slot.close()
            places[index].space = nil
            places[index].held = nil
            return places[index].keeper.spaceClosed(firstUnusedTick: firstUnused ?? places[index].slot.firstUnusedTick)
        case .wait, .finish, .release:
            preconditionFailure("two end the keeper's turn and have no answer, and all are released at once")
        }
    }

    private func open(_ held: HeldWorker, at index: Int) {
        places[index].held = held
        places[index].slot.open { notBefore in
            let space = Space(
                layout: layout,
                worker: UInt64(held.worker),
                firstTick: max(held.firstTick, notBefore),
                limit: held.limit,
                shards: shardsPerWorker,
                firstSequence: firstSequence
            )
            places[index].space = space
            return space
        }
    }

    /// Any worker except those that this daemon already holds.
    private func claimRule() -> ClaimRule {
        switch rule {
        case .fixed(let worker): .fixed(worker)
        case .auto: .any(excluding: Set(places.compactMap { $0.held?.worker }))
        }
    }
}
