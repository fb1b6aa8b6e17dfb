/// Keeps one worker for a daemon: claims it, extends its window well before it ends, and gives it back.
///
/// A state machine without I/O, clock or thread. Each event is answered by one ``WindowAction``; its driver does that
/// action and reports the outcome with the next event.
///
/// What it guarantees, whatever the store and the clock do:
/// 1. No limit is given to a space before a write or a read has shown that it is stored.
/// 2. After a write without an answer, the next call to the store reads that record back.
/// 3. When a worker is found to be lost, its space is closed before anything else.
/// 4. A space that follows another begins at or after the first tick that the earlier one left unused.
/// 5. An unavailable store closes nothing: the space ends at its limit, and continues when the store is available
///    again.
/// 6. When the store was set back, every space is closed at once, and none is opened until a claim finds it repaired.
/// 7. A window at rest is not extended, and nothing is written, until ``wanted(now:)``. Then the limit is raised by the
///    same write as always: when another holder has claimed the worker in the meantime, that write finds it.
package struct WindowKeeper: Sendable {
    package struct Configuration: Hashable, Sendable {
        /// How far ahead of now a limit is set.
        package var windowTicks: UInt64
        /// How often the limit is raised. A third of the window: two extensions may fail without an effect.
        package var extendEveryTicks: UInt64
        package var firstRetryTicks: UInt64
        package var maximumRetryTicks: UInt64
        /// The layout's last tick; no window extends beyond it.
        package var maximumTick: UInt64

        /// Sets the delays in proportion to the window: extended every third of it, retried after a thirtieth of it and
        /// then after longer and longer delays, up to a third.
        ///
        /// - Parameter maximumRetryTicks: Less than a third for long windows, so that a store that is available again,
        ///   or a worker that was given back, is noticed in a time that people accept.
        package init(windowTicks: UInt64, maximumTick: UInt64, maximumRetryTicks: UInt64 = .max) {
            precondition(windowTicks > 0, "a window holds at least one tick")
            precondition(maximumTick < UInt64.max, "the tick after the last must have a number")
            self.windowTicks = windowTicks
            self.maximumTick = maximumTick
            extendEveryTicks = max(1, windowTicks / 3)
            self.maximumRetryTicks = max(1, min(windowTicks / 3, maximumRetryTicks))
            firstRetryTicks = max(1, self.maximumRetryTicks / 10)
        }
    }

    enum State: Hashable, Sendable {
        case idle
        case claiming
        case waitingToClaim(untilTick: UInt64)
        /// A claim's write got no answer. Reading back, or waiting to do so.
        case claimInDoubt(HeldWorker, retryAtTick: UInt64?)
        case opening(HeldWorker)
        case holding(HeldWorker, Phase)
        /// Lost, or stopping.
        case closing(HeldWorker, inDoubt: Bool)
        /// Stopping, and reading back once, to find out what can be released.
        case settling(HeldWorker, firstUnusedTick: UInt64)
        case releasing
        case stopped
    }

    /// What is in progress for a worker whose space is open.
    enum Phase: Hashable, Sendable {
        case waiting(untilTick: UInt64)
        case extending
        case readingBack(hasWaited: Bool)
        /// Not extended, because no IDs are taken. The window may end.
        case resting
        /// A write got no answer, and reading back failed.
        case inDoubt(untilTick: UInt64)
        case raising
    }

    let configuration: Configuration
    var state = State.idle
    var retryDelay: RetryDelay
    var isStopping = false
    /// The first tick that no space of this keeper has used.
    var floorTick: UInt64 = 0
    var lastError: StoreError?
    /// Why there is no worker, after a claim that was answered.
    var refusal: WindowStatus?

    package init(configuration: Configuration, jitterSeed: UInt64) {
        precondition(
            configuration.extendEveryTicks > 0 && configuration.extendEveryTicks <= configuration.windowTicks,
            "a window must be extended before it ends"
        )
        self.configuration = configuration
        retryDelay = RetryDelay(
            firstTicks: configuration.firstRetryTicks,
            maximumTicks: configuration.maximumRetryTicks,
            jitterSeed: jitterSeed
        )
    }

    package mutating func started() -> WindowAction {
        guard case .idle = state else { unexpected("started") }
        return claim()
    }

    /// Time has passed: possibly less than was requested, possibly much more.
    ///
    /// - Parameter mayRest: no IDs have been taken for a while. A window that would be extended is left to end instead,
    ///   unless the store has just failed: what is in progress there is completed first.
    package mutating func ticked(now: UInt64, mayRest: Bool = false) -> WindowAction {
        switch state {
        case .waitingToClaim(let untilTick):
            return now < untilTick ? .wait(untilTick: untilTick) : claim()
        case .claimInDoubt(let held, let retryAtTick?):
            guard now >= retryAtTick else { return .wait(untilTick: retryAtTick) }
            state = .claimInDoubt(held, retryAtTick: nil)
            return .readBack(held)
        case .holding(let held, .waiting(let untilTick)):
            guard now >= untilTick else { return .wait(untilTick: untilTick) }
            guard mayRest, lastError == nil else { return extendOrWait(held, now: now) }
            state = .holding(held, .resting)
            return .wait(untilTick: UInt64.max)
        case .holding(_, .resting):
            return .wait(untilTick: UInt64.max)
        case .holding(let held, .inDoubt(let untilTick)):
            guard now >= untilTick else { return .wait(untilTick: untilTick) }
            state = .holding(held, .readingBack(hasWaited: true))
            return .readBack(held)
        default:
            unexpected("ticked")
        }
    }

    /// Whether the window is at rest.
    package var isResting: Bool {
        if case .holding(_, .resting) = state { true } else { false }
    }

    /// IDs are wanted or were taken: the window's rest is over. To be called instead of ``ticked(now:mayRest:)``, while
    /// ``isResting``.
    package mutating func wanted(now: UInt64) -> WindowAction {
        guard case .holding(let held, .resting) = state else { unexpected("wanted") }
        return extendOrWait(held, now: now)
    }

    /// To be called instead of ``ticked(now:mayRest:)``, while waiting.
    package mutating func stopRequested() -> WindowAction {
        isStopping = true
        switch state {
        case .waitingToClaim:
            return stop()
        case .claimInDoubt(let held, _?):
            return settle(held, firstUnusedTick: held.firstTick)
        case .holding(let held, .waiting), .holding(let held, .resting):
            state = .closing(held, inDoubt: false)
            return .closeSpace
        case .holding(let held, .inDoubt):
            state = .closing(held, inDoubt: true)
            return .closeSpace
        default:
            unexpected("stopRequested")
        }
    }

    mutating func claim() -> WindowAction {
        state = .claiming
        return .claim(notBefore: floorTick)
    }

    mutating func waitToClaim(untilTick: UInt64) -> WindowAction {
        state = .waitingToClaim(untilTick: untilTick)
        return .wait(untilTick: untilTick)
    }

    mutating func settle(_ held: HeldWorker, firstUnusedTick: UInt64) -> WindowAction {
        state = .settling(held, firstUnusedTick: firstUnusedTick)
        return .readBack(held)
    }

    mutating func release(_ held: HeldWorker, firstUnusedTick: UInt64) -> WindowAction {
        state = .releasing
        return .release(held, firstUnusedTick: firstUnusedTick)
    }

    mutating func stop() -> WindowAction {
        state = .stopped
        return .finish
    }

    /// The next extension, if it is due. It depends on the limit and not on the last success, so that it is right after
    /// any jump of the clock.
    mutating func extendOrWait(_ held: HeldWorker, now: UInt64) -> WindowAction {
        let end = configuration.maximumTick + 1
        let dueTick: UInt64
        if held.limit >= end {
            dueTick = UInt64.max
        } else {
            let lead = configuration.windowTicks - configuration.extendEveryTicks
            dueTick = held.limit > lead ? held.limit - lead : 0
        }
        guard now >= dueTick else {
            state = .holding(held, .waiting(untilTick: dueTick))
            return .wait(untilTick: dueTick)
        }
        let limit = now >= end ? end : now + min(configuration.windowTicks, end - now)
        state = .holding(held, .extending)
        return .extend(held, toLimit: max(held.limit, limit))
    }

    func retryTick(now: UInt64, after ticks: UInt64) -> UInt64 {
        now < UInt64.max - ticks ? now + ticks : UInt64.max - 1
    }

    func unexpected(_ event: StaticString) -> Never {
        preconditionFailure("the keeper was told \(event) in the state \(state), where it did not ask for it")
    }
}
