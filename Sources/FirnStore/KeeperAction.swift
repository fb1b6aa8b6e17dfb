/// What a ``WindowKeeper`` wants done next. Each is done at once, on one thread, and answered by the event named here.
package enum KeeperAction: Hashable, Sendable {
    /// Claim a worker, with a window from `notBefore` on: `claimAnswered`, or `claimFailed` if the store could not be
    /// read or refused.
    case claim(notBefore: UInt64)
    /// Move the limit in the store: `holdAnswered`.
    case extend(HeldWorker, toLimit: UInt64)
    /// See what became of a write: `holdAnswered`.
    case readBack(HeldWorker)
    /// Begin to hand out positions from the worker's first tick up to its limit: `spaceOpened`.
    case openSpace(HeldWorker)
    /// Let the open space go on up to the worker's limit: `limitRaised`.
    case raiseLimit(HeldWorker)
    /// Hand out nothing more, and tell the first tick of which nothing was: `spaceClosed`.
    case closeSpace
    /// Lower the limit in the store: `releaseAnswered`.
    case release(HeldWorker, firstUnusedTick: UInt64)
    /// Do nothing until this tick: `ticked`, which may come early, or `stopRequested`. `UInt64.max` is forever.
    case wait(untilTick: UInt64)
    /// Nothing is left to do.
    case finish
}

/// How a keeper stands, for the ready probe and the log.
package enum KeeperStatus: Hashable, Sendable {
    /// Has no worker yet. The error is the store's last one, if it was the reason.
    case claiming(StoreError?)
    /// The fixed worker is taken, by this holder, at least until this tick unless it is given back.
    case workerTaken(by: Holder, untilTick: UInt64)
    /// All workers are taken. nil: by this daemon itself.
    case noWorkerFree(freeAtTick: UInt64?)
    /// The fixed worker was used up to this tick by a holder whose clock was ahead.
    case workerUsedAhead(worker: UInt32, untilTick: UInt64)
    /// The store was repaired, and nothing below this tick may be given out.
    case belowFloor(untilTick: UInt64)
    /// Can hand out IDs. With an error, only until the limit, unless the store comes back.
    case serving(worker: UInt32, limit: UInt64, StoreError?)
    /// Has a worker whose window has passed, and the store does not answer.
    case windowEnded(worker: UInt32, limit: UInt64, StoreError?)
    case layoutEnded
    case stopping
    case stopped

    /// Whether no worker is held any more, for the store is not the one that granted it, or knows less than it did.
    package var isStoreLost: Bool {
        switch self {
        case .claiming(let error?), .windowEnded(_, _, let error?): error.isOfAnotherStore
        default: false
        }
    }
}
