internal import FirnStore
internal import FirnWire
internal import Synchronization

/// How much of a sequence is used up.
package struct SequenceUsage: Sendable, Equatable {
    package var name: String
    /// Of its maximum, from 0 to 1.
    package var share: Double

    package init(name: String, share: Double) {
        self.name = name
        self.share = share
    }
}

extension Sequences {
    /// Of the sequences in memory the `count` that are nearest to their maximum, the nearest first. Never waits for the
    /// store.
    package func nearestToTheirEnd(_ count: Int) -> [SequenceUsage] {
        let entries = table.withLock { Array($0.values) }
        let usages = entries.compactMap { entry in
            entry.state.withLock(\.keeper.usedShare).map { SequenceUsage(name: entry.key.name.description, share: $0) }
        }
        return Array(usages.sorted { ($1.share, $0.name) < ($0.share, $1.name) }.prefix(count))
    }
}
