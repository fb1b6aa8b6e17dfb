internal import FirnEngine
internal import FirnLayout

/// What a ``RequestScheduler`` needs of a shard: a ``Shard`` has it, and a script in tests.
protocol IDShard: AnyObject {
    /// One ID of the tick `now`.
    func nextID(now: UInt64) -> Minted<FirnID>
    /// One run of at least one and at most `count` IDs, all of the tick `now`.
    func nextRun(upTo count: UInt32, now: UInt64) -> Minted<Run>
    /// Says whether requests wait here for a later tick.
    func setWaiting(_ waits: Bool)
    /// Takes up the worker's present space; whether it is another one than before.
    func refresh() -> Bool
}

extension Shard: IDShard {}
