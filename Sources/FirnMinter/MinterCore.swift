internal import FirnEngine
internal import FirnLayout
package import FirnStore
internal import FirnWindows
internal import Synchronization

/// What a minter's callers, the thread that keeps its window and the thread of its line share.
final class MinterCore: RestControl, Sendable {
    private struct State {
        var status: WindowStatus?
        var wake: (@Sendable () -> Void)?
    }

    let slot = WorkerSlot()
    let clock: TickClock
    let layout: Layout
    let configuration: MinterConfiguration
    private let state = Mutex(State())
    private let wanted = Atomic(false)
    private let isResting = Atomic(false)
    private let waiters = Atomic(0)

    init(layout: Layout, clock: TickClock, configuration: MinterConfiguration) {
        self.layout = layout
        self.clock = clock
        self.configuration = configuration
    }

    // MARK: - Callers

    /// IDs are wanted and no window is there: its rest ends, if it rests.
    func want() {
        guard isResting.load(ordering: .acquiring), !wanted.load(ordering: .relaxed) else { return }
        wanted.store(true, ordering: .releasing)
        state.withLock { $0.wake }?()
    }

    /// What is minted from; nil while there is no worker. Its limit is that of the store already when the first ID below it
    /// is minted, and the status only a moment later.
    var space: Space? { slot.current().space }

    /// Whether tasks wait in line: the window does not rest then, and later calls do not overtake them.
    var hasWaiters: Bool { waiters.load(ordering: .relaxed) > 0 }

    func setWaiterCount(_ count: Int) { waiters.store(count, ordering: .relaxed) }

    /// Why no ID can be minted now.
    var obstacle: MinterError {
        let now = clock.now()
        let status = isOver(now) ? .layoutEnded : state.withLock { $0.status } ?? .claiming(nil)
        return MinterError(status, layout: layout, now: now)
    }

    /// Whether the layout's time is over.
    private func isOver(_ now: Moment) -> Bool { now.tick >= Space.endTick(of: layout) }

    /// Whether IDs can be minted now, or as soon as they are wanted.
    var isReady: Bool {
        let now = clock.now()
        if isOver(now) { return false }
        return isResting.load(ordering: .acquiring) || space.map { now.tick < $0.windowLimit } ?? false
    }

    // MARK: - The thread that keeps the window

    func setWake(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    var isWanted: Bool { wanted.load(ordering: .acquiring) || hasWaiters }

    func publish(isResting: Bool) {
        self.isResting.store(isResting, ordering: .releasing)
        if !isResting { wanted.store(false, ordering: .releasing) }
    }

    func publish(_ standing: WindowStanding) {
        state.withLock { $0.status = standing.status }
    }
}

/// Passes what the renewer does and finds to the minter's callers and to its log.
final class MinterObserver: WindowObserver {
    private let core: MinterCore
    private let line: MintLine

    init(core: MinterCore, line: MintLine) {
        self.core = core
        self.line = line
    }

    func steered(_ steering: ClockSteering, moment: Moment) {}

    func changed(to status: WindowStatus, from previous: WindowStatus?) {
        switch status {
        case .serving(let worker, let limit, let error):
            switch previous {
            // An extension is no news, and neither is the end of a rest.
            case .serving(worker, _, let before)? where (before == nil) == (error == nil): return
            case .resting(worker, _)? where error == nil: return
            default: break
            }
            if let error {
                tell(.warning, "the store did not answer; worker \(worker) mints until \(time(limit)): \(error)")
            } else {
                tell(.info, "worker \(worker) is held until \(time(limit)) and extended before that")
            }
        case .resting, .stopping, .stopped:
            return
        default:
            let message = message(status)
            switch previous {
            // Only a time has changed, or nothing.
            case .claiming?, .noWorkerFree?, .workerTaken?, .windowEnded?:
                if previous.map(self.message) == message { return }
            default: break
            }
            tell(.warning, message)
        }
    }

    private func message(_ status: WindowStatus) -> String {
        MinterError(status, layout: core.layout, now: core.clock.now()).message
    }

    func stepped(_ standings: [WindowStanding], workersFarAhead: Int, now: Moment) {
        if let standing = standings.first { core.publish(standing) }
        line.windowsChanged()
    }

    func found(_ farAhead: FarAheadWorker) {
        tell(
            .warning,
            "worker \(farAhead.worker) is far ahead and not used until \(time(farAhead.freeFromTick)): the clock of "
                + "\(farAhead.holder.text) was ahead, unless this host's is behind"
        )
    }

    func found(unreadable error: StoreError) {
        tell(.warning, "a worker's record cannot be read, and counts as taken: \(error)")
    }

    func released(_ held: HeldWorker, _ outcome: ReleaseOutcome) {
        switch outcome {
        case .released(let limit): tell(.info, "worker \(held.worker) was given back and is free from \(time(limit))")
        case .unneeded: break
        case .conflict, .failed:
            let reason = outcome.reason ?? ""
            tell(.warning, "worker \(held.worker) was not given back, and is free from \(time(held.limit)): \(reason)")
        }
    }

    func notRemembered(_ error: StoreError) {
        tell(
            .warning,
            "what the store grants cannot be remembered: if it is restored from an older copy, nobody may notice: \(error)"
        )
    }

    func during<Result>(
        _ operation: String,
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try body()
    }

    private func tell(_ level: MinterEvent.Level, _ message: String) {
        core.configuration.onEvent?(MinterEvent(level, message))
    }

    private func time(_ tick: UInt64) -> UTCTime { core.layout.roundedTime(ofTick: tick) }
}

extension MinterError {
    /// Why a worker with this status gives out no IDs, and what to do.
    init(_ status: WindowStatus, layout: Layout, now: Moment) {
        func time(_ tick: UInt64) -> UTCTime { layout.roundedTime(ofTick: tick) }
        func wait(_ tick: UInt64) -> Duration {
            let (nanoseconds, isTooLong) = (tick - min(tick, now.tick)).multipliedReportingOverflow(
                by: layout.tickNanoseconds
            )
            return .nanoseconds(isTooLong ? .max : Int64(clamping: nanoseconds))
        }
        let soon = Duration.milliseconds(100)
        switch status {
        case .serving(let worker, let limit, let error) where limit <= now.tick:
            // The thread that extends it waits for the store, and has not said so yet.
            self.init(.windowEnded(worker: worker, limit: limit, error), layout: layout, now: now)
        case .claiming(nil), .serving, .resting:
            self.init(.unavailable, "No worker is held yet; it is being tried.", retryAfter: soon)
        case .claiming(let error?) where error.needsSomebodyOfHost:
            self.init(.storeRefused, "No worker can be claimed: \(error)")
        case .claiming(let error?):
            self.init(
                .unavailable,
                "No worker can be claimed, and it is tried again: \(error)",
                retryAfter: .seconds(1)
            )
        case .workerTaken(let holder, let untilTick):
            self.init(
                .unavailable,
                "The configured worker is held by \(holder.text) until \(time(untilTick)) at least: close that one, wait, or "
                    + "leave the worker out of the configuration.",
                retryAfter: .seconds(1)
            )
        case .workerUsedAhead(let worker, let untilTick):
            self.init(
                .unavailable,
                "Worker \(worker) was used up to \(time(untilTick)) by a host whose clock was ahead: take another worker, or "
                    + "wait until then; set this host's clock if it is behind.",
                retryAfter: wait(untilTick)
            )
        case .workerReserved(let worker, let purpose):
            self.init(
                .unavailable,
                "Worker \(worker) is reserved for \(purpose): take another worker, or run 'firn workers unreserve \(worker)' "
                    + "once \(purpose) makes no more IDs.",
                retryAfter: .seconds(1)
            )
        case .belowFloor(let untilTick):
            self.init(
                .unavailable,
                "The store was repaired or adopted, and no ID before \(time(untilTick)) may be given out: wait, or set this host's clock "
                    + "if it is behind.",
                retryAfter: wait(untilTick)
            )
        case .noWorkerFree(let freeAtTick, let taken):
            let when = freeAtTick.map { "; the first is free at \(time($0)) unless it is extended" } ?? ""
            self.init(
                .unavailable,
                "All workers of the layout \(layout.name) are \(taken.count > 0 ? "taken (\(taken.text))" : "held")\(when): "
                    + "\(taken.advice(stop: "close a minter, stop a daemon"))or take a layout with more workers.",
                retryAfter: .seconds(1)
            )
        case .windowEnded(let worker, let limit, let error):
            let needsSomebody = error?.needsSomebodyOfHost == true
            self.init(
                needsSomebody ? .storeRefused : .unavailable,
                "The window of worker \(worker) ended at \(time(limit)) and could not be extended; it is tried again: "
                    + (error.map { "\($0)" } ?? "the store has not answered yet"),
                retryAfter: needsSomebody ? nil : .seconds(1)
            )
        case .layoutEnded:
            self.init(
                .ended,
                "The time of the layout \(layout.name) ended at \(layout.endOfUse): take one with a later epoch, in a store of "
                    + "its own."
            )
        case .stopping, .stopped:
            self.init(.closed, "The minter was closed: make another one.")
        }
    }
}

extension StoreError {
    /// Whether the error remains until a person changes something, in the store or on this host.
    package var needsSomebodyOfHost: Bool { needsSomebody || code == .unwritable }
}
