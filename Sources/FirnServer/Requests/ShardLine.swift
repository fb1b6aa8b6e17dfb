/// A shard, and the peers whose requests wait for its next tick. They take turns.
struct ShardLine<Shard: IDShard> {
    let shard: Shard
    /// Peers that are served from this shard, waiting or not.
    var peers = 0
    var waiting = SlotQueue()
    /// The tick that the line waits for; ``never``: it waits for a window.
    var wakeTick: UInt64 = 0

    static var never: UInt64 { .max }

    /// Whether requests wait here for a tick.
    var waitsForTick: Bool { !waiting.isEmpty && wakeTick != Self.never }
}
