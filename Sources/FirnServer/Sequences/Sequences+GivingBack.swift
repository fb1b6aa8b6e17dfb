internal import FirnEngine
internal import FirnStore
internal import FirnWindows
internal import Synchronization

/// Reserved values that were not given out go back to the store: all of them at a stop, and those of the least used
/// sequences when there are too many in memory. Many sequences share one call to the store.
extension Sequences {
    /// Gives back the values that were reserved and not given out, for `limit` at most and as long as the store
    /// answers. No values may be taken after this.
    ///
    /// - Returns: the number of sequences with values that were not given back and become a gap.
    package func stop(within limit: Duration) -> Int {
        let clock = SystemTimeSource()
        let deadline = clock.bootNanoseconds() + limit.nanoseconds
        thread.stop(within: limit)
        var rests: [SequenceRest] = []
        var lost = 0
        for entry in table.withLock({ Array($0.values) }) {
            entry.state.withLock { state in
                guard !state.isRetired else { return }
                if state.keeper.isTaking {
                    // Values of a reservation that was in progress when the thread ended cannot be given back.
                    if state.keeper.heldCount > 0 { lost += 1 }
                } else if let rest = state.keeper.rest() {
                    rests.append(rest)
                }
            }
        }
        guard !rests.isEmpty else { return lost }
        let givenBack = Counter()
        let thread = NativeThread(name: "sequences") { [rests, claims] in
            var left = rests[...]
            while !left.isEmpty, clock.bootNanoseconds() < deadline {
                let part = left.prefix(SequenceClaims.maximumBatch)
                left = left.dropFirst(part.count)
                let count = Self.giveBack(Array(part), claims)
                guard count > 0 else { return }
                givenBack.value.wrappingAdd(count, ordering: .relaxed)
            }
        }
        _ = thread.join(within: .nanoseconds(deadline - clock.bootNanoseconds()))
        return lost + rests.count - givenBack.value.load(ordering: .relaxed)
    }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    /// Gives the least used sequences back to the store. Called on the store's thread.
    func makeRoom() {
        let entries = table.withLock { Array($0.values) }
        let excess = entries.count - (configuration.maximumSequences - configuration.maximumSequences / 8)
        guard entries.count > configuration.maximumSequences else { return }
        let byUse = entries.map { (entry: $0, lastUsed: $0.state.withLock(\.lastUsed)) }.sorted {
            $0.lastUsed < $1.lastUsed
        }
        var left = byUse.prefix(excess).map(\.entry)[...]
        // The first is given back alone. If the store is unavailable, the values of the others are needed, and trying
        // all of them would delay the requests that wait for it. The next call makes room again.
        var size = 1
        while !left.isEmpty {
            let rests = left.prefix(size).compactMap(retire)
            left = left.dropFirst(size)
            guard !rests.isEmpty else { continue }
            guard Self.giveBack(rests, claims) > 0 else { return }
            size = SequenceClaims.maximumBatch
        }
    }

    /// Removes a sequence from the table, unless a block is being reserved for it.
    ///
    /// - Returns: what must be given back.
    private func retire(_ entry: Entry) -> SequenceRest? {
        let (isRetired, rest) = entry.state.withLock { state -> (Bool, SequenceRest?) in
            guard !state.keeper.isTaking, !state.isRetired else { return (state.isRetired, nil) }
            state.isRetired = true
            return (true, state.keeper.rest())
        }
        if isRetired { _ = table.withLock { $0.removeValue(forKey: entry.key) } }
        return rest
    }

    /// - Returns: for how many the store answered. An answer that others have written the record counts too.
    private static func giveBack(_ rests: [SequenceRest], _ claims: SequenceClaims) -> Int {
        var random = systemRandom()
        return claims.giveBack(rests, using: &random).count { outcome in
            if case .failed = outcome { false } else { true }
        }
    }
}
