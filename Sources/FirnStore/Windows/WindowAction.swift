/// The next action for a ``WindowKeeper``. Each is done at once, on one thread, and followed by the event named here.
package enum WindowAction: Hashable, Sendable {
    /// Claim a worker, with a window from `notBefore` on: `claimAnswered`, or `claimFailed` if the store could not be
    /// read or refused.
    case claim(notBefore: UInt64)
    /// Raise the limit in the store: `holdAnswered`.
    case extend(HeldWorker, toLimit: UInt64)
    /// Find out the result of a write: `holdAnswered`.
    case readBack(HeldWorker)
    /// Begin to give out positions from the worker's first tick up to its limit: `spaceOpened`.
    case openSpace(HeldWorker)
    /// Let the open space continue up to the worker's limit: `limitRaised`.
    case raiseLimit(HeldWorker)
    /// Give out nothing more, and report the first tick of which nothing was given out: `spaceClosed`.
    case closeSpace
    /// Lower the limit in the store: `releaseAnswered`.
    case release(HeldWorker, firstUnusedTick: UInt64)
    /// Do nothing until this tick: `ticked`, which may come early, or `stopRequested`. `UInt64.max` is forever.
    case wait(untilTick: UInt64)
    /// Nothing is left to do.
    case finish
}
