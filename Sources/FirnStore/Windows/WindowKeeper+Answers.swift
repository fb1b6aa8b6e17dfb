extension WindowKeeper {
    package mutating func claimAnswered(_ outcome: ClaimOutcome, now: UInt64) -> WindowAction {
        guard case .claiming = state else { unexpected("claimAnswered") }
        lastError = nil
        refusal = WindowStatus(refused: outcome)
        switch outcome {
        case .claimed(let held):
            return open(held)
        case .inDoubt(let held, let error):
            lastError = error
            state = .claimInDoubt(held, retryAtTick: nil)
            return .readBack(held)
        case .held(_, let untilTick), .usedAhead(_, let untilTick), .belowFloor(let untilTick):
            return waitForWorker(untilTick: untilTick, now: now)
        case .noneFree(let freeAtTick, _):
            return waitForWorker(untilTick: freeAtTick ?? UInt64.max, now: now)
        case .reserved:
            return waitForWorker(untilTick: UInt64.max, now: now)
        case .layoutEnded:
            return waitToClaim(untilTick: retryTick(now: now, after: configuration.extendEveryTicks))
        }
    }

    /// Another part of this daemon has found the store set back. To be called instead of ``ticked(now:mayRest:)``,
    /// and before it: a space is closed, because the worker may be another daemon's in a store that has lost this daemon's
    /// records.
    package mutating func storeSetBack(_ error: StoreError) -> WindowAction {
        switch state {
        case .holding(let held, .waiting), .holding(let held, .resting), .holding(let held, .inDoubt):
            return lose(held, error)
        case .waitingToClaim(let untilTick):
            return .wait(untilTick: untilTick)
        case .claimInDoubt(_, let retryAtTick?):
            return .wait(untilTick: retryAtTick)
        default:
            unexpected("storeSetBack")
        }
    }

    /// The store could not be read, or refused: no worker was claimed.
    package mutating func claimFailed(_ error: StoreError, now: UInt64) -> WindowAction {
        guard case .claiming = state else { unexpected("claimFailed") }
        lastError = error
        refusal = nil
        return waitToClaim(untilTick: retryTick(now: now, after: retryDelay.nextTicks()))
    }

    package mutating func spaceOpened(now: UInt64) -> WindowAction {
        guard case .opening(let held) = state else { unexpected("spaceOpened") }
        return extendOrWait(held, now: now)
    }

    package mutating func limitRaised(now: UInt64) -> WindowAction {
        guard case .holding(let held, .raising) = state else { unexpected("limitRaised") }
        return extendOrWait(held, now: now)
    }

    /// The space gives out nothing more; `firstUnusedTick` and all after it were not used.
    package mutating func spaceClosed(firstUnusedTick: UInt64) -> WindowAction {
        guard case .closing(let held, let inDoubt) = state else { unexpected("spaceClosed") }
        floorTick = max(floorTick, firstUnusedTick)
        guard isStopping else { return claim() }
        return inDoubt
            ? settle(held, firstUnusedTick: firstUnusedTick) : release(held, firstUnusedTick: firstUnusedTick)
    }

    /// The outcome does not matter: what is not given back becomes free at its limit.
    package mutating func releaseAnswered(_ outcome: ReleaseOutcome) -> WindowAction {
        guard case .releasing = state else { unexpected("releaseAnswered") }
        if case .failed(let error) = outcome { lastError = error }
        return stop()
    }

    /// The answer to an extension, or to reading back.
    package mutating func holdAnswered(_ outcome: HoldOutcome, now: UInt64) -> WindowAction {
        switch state {
        case .claimInDoubt(let attempt, nil):
            return claimReadBack(attempt, outcome, now: now)
        case .holding(let held, .extending), .holding(let held, .readingBack):
            return holdAnswered(held, outcome, now: now)
        case .settling(_, let firstUnusedTick):
            if case .setBack(let error) = outcome { lastError = error }
            guard case .holding(let held) = outcome else { return stop() }
            return release(held, firstUnusedTick: firstUnusedTick)
        default:
            unexpected("holdAnswered")
        }
    }

    private mutating func claimReadBack(
        _ attempt: HeldWorker,
        _ outcome: HoldOutcome,
        now: UInt64
    ) -> WindowAction {
        switch outcome {
        case .holding(let held):
            lastError = nil
            return open(held)
        case .lost:
            // The write never arrived, or another daemon was first. Not tried again at once, because the store has just
            // failed.
            return waitToClaim(untilTick: retryTick(now: now, after: retryDelay.nextTicks()))
        case .setBack(let error):
            return claimRefused(error, now: now)
        case .inDoubt(_, let error) where !error.leavesDoubt:
            return claimRefused(error, now: now)
        case .inDoubt(let held, let error):
            lastError = error
            let retryAtTick = retryTick(now: now, after: retryDelay.nextTicks())
            state = .claimInDoubt(held, retryAtTick: retryAtTick)
            return .wait(untilTick: retryAtTick)
        }
    }

    /// Whatever happened to its write, the claim is abandoned: no space is opened for it.
    private mutating func claimRefused(_ error: StoreError, now: UInt64) -> WindowAction {
        lastError = error
        return waitToClaim(untilTick: retryTick(now: now, after: retryDelay.nextTicks()))
    }

    private mutating func holdAnswered(_ held: HeldWorker, _ outcome: HoldOutcome, now: UInt64) -> WindowAction {
        switch outcome {
        case .holding(let known):
            precondition(known.worker == held.worker, "an answer is about the worker that was asked for")
            // A limit below this daemon's own is only possible in a store that was set back by hand.
            guard known.limit >= held.limit, known.generation == held.generation else { return lose(held) }
            guard known.limit > held.limit else { return notExtended(known, now: now) }
            lastError = nil
            retryDelay.succeeded()
            state = .holding(known, .raising)
            return .raiseLimit(known)
        case .lost:
            return lose(held)
        case .setBack(let error):
            return lose(held, error)
        case .inDoubt(let doubtful, let error):
            lastError = error
            if case .holding(_, .extending) = state {
                state = .holding(doubtful, .readingBack(hasWaited: false))
                return .readBack(doubtful)
            }
            let untilTick = retryTick(now: now, after: retryDelay.nextTicks())
            state = .holding(doubtful, .inDoubt(untilTick: untilTick))
            return .wait(untilTick: untilTick)
        }
    }

    private mutating func open(_ held: HeldWorker) -> WindowAction {
        precondition(held.firstTick >= floorTick, "a space never begins in ticks that an earlier one used")
        retryDelay.succeeded()
        state = .opening(held)
        return .openSpace(held)
    }

    private mutating func lose(_ held: HeldWorker, _ error: StoreError? = nil) -> WindowAction {
        lastError = error
        state = .closing(held, inDoubt: false)
        return .closeSpace
    }

    /// The worker is still this daemon's, and the limit is the old one. The extension is tried again at once if this is
    /// the store's first answer after it was unavailable. It is not if a write has just failed although reading works,
    /// as on a full disk.
    private mutating func notExtended(_ held: HeldWorker, now: UInt64) -> WindowAction {
        if case .holding(_, .readingBack(hasWaited: true)) = state { return extendOrWait(held, now: now) }
        let untilTick = retryTick(now: now, after: retryDelay.nextTicks())
        state = .holding(held, .waiting(untilTick: untilTick))
        return .wait(untilTick: untilTick)
    }

    /// Tries again before the worker's limit has passed, because its holder may give it back early. The time is random,
    /// so that not all daemons try at the same time.
    private mutating func waitForWorker(untilTick: UInt64, now: UInt64) -> WindowAction {
        let nextLook = retryTick(now: now, after: retryDelay.spread(configuration.maximumRetryTicks))
        // Another daemon was faster with a worker that is already free: the more often this happens, the longer the
        // delay.
        let whenFree =
            untilTick > now
            ? retryTick(now: untilTick, after: retryDelay.spread(configuration.firstRetryTicks))
            : retryTick(now: now, after: retryDelay.nextTicks())
        return waitToClaim(untilTick: min(whenFree, nextLook))
    }
}
