internal import DequeModule
internal import FirnEngine

/// A shard on one reactor, and the line of connections whose calls wait for its next tick. They take turns: each is
/// served a share, then goes to the end of the line.
final class Lane {
    let shard: Shard
    var line = Deque<Connection>()
    /// The tick that the line waits for.
    var wakeTick: UInt64 = .max
    /// Connections that mint here.
    var connectionCount = 0

    init(shard: Shard) {
        self.shard = shard
    }

    /// IDs that a connection is served before the next one's turn; all it wants when it is alone.
    var share: UInt64 { line.count > 1 ? Self.turnShare : .max }

    /// About one block: small enough that a single call never waits for a giant batch, large enough that a batch stays
    /// in few runs. Empirical.
    static let turnShare: UInt64 = 256
}
