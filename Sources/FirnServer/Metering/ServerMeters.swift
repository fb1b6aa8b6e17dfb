/// All that a server counts.
package final class ServerMeters: Sendable {
    /// One a reactor.
    package let shards: [ShardMeter]
    package let acceptor = AcceptorMeter()

    package init(reactors: Int) {
        shards = (0..<reactors).map { _ in ShardMeter() }
    }
}
