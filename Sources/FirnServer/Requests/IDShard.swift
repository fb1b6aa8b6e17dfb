internal import FirnEngine
internal import FirnLayout

/// The shard operations that a ``RequestScheduler`` uses. Implemented by ``Shard``, and by a script in tests.
protocol IDShard: AnyObject {
    /// One ID of the tick `now`.
    func nextID(now: UInt64) -> Minted<FirnID>
    /// One run of at least one and at most `count` IDs, all of the tick `now`.
    func nextRun(upTo count: UInt32, now: UInt64) -> Minted<Run>
    /// Sets whether requests wait here for a later tick.
    func setWaiting(_ waits: Bool)
    /// Loads the worker's current space. Returns whether it differs from the previous one.
    func refresh() -> Bool
}

extension Shard: IDShard {}
