/// What a ``WindowKeeper`` wants done next. Each is done at once, on one thread, and answered by the event named here.
package enum WindowAction: Hashable, Sendable {
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
