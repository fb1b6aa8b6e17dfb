import FirnTestSupport
import Synchronization

@testable import FirnStore

/// A store that is restored from older copies while daemons use it, and what each daemon could know of that.
///
/// The judge does not ask the code that is tested. For each daemon it keeps what the store's answers showed it: the highest
/// version, and the last grant. A range that was granted to two is a fault of the second, unless the store that granted it
/// agreed with everything that the second had seen: then it was as new to the restored copy as a daemon that never ran before.
final class RestoredWorld {
    /// What one daemon was shown, in this run and, as far as its disk remembers, before.
    final class Witness {
        var seen: UInt64 = 0
        var lastGrant: (worker: UInt32, generation: UInt64, limit: UInt64)?
        /// An answer contradicted what it had seen before, and the store was not repaired since.
        var hasProof = false
        /// It ran while the store was repaired. If the store is restored again before it next looks at the floor, it takes
        /// that repair for the answer to both.
        var sawRepair = false
        /// The floor at which it last found the store correct or repaired, and the one that it has read since.
        var floor: String?
        var floorBeingVerified: String??
        /// For each record that it tried to write: what it had seen when it began, and whether the store lacked its last grant.
        var writes: [String: (seen: UInt64, lackedGrant: Bool)] = [:]
    }

    /// A part of a worker's ticks, as one write granted it.
    struct Piece {
        var owner: UInt64
        var order: Int
        var limit: UInt64
        var isExcused: Bool
        /// The version of the write, and what its writer had seen before it.
        var grounds: String
    }

    private struct Use: Hashable {
        var worker: UInt32
        var tick: UInt64
    }

    let store = MemoryStore()
    var random: SeededGenerator
    /// A generator of its own: restores come in the middle of calls that use the other one.
    private var restoring: SeededGenerator
    var restoreOneIn = 0
    private var snapshot: (records: [String: StoredValue], version: UInt64) = ([:], 0)
    private var uses: [Use: Piece] = [:]
    private var values: [UInt64: (instance: UInt64, order: Int, isExcused: Bool)] = [:]
    private var grants = 0
    private(set) var witnesses: [Witness] = []
    private(set) var highestLimit: UInt64 = 0
    private(set) var restores = 0
    private(set) var repairs = 0
    private(set) var excused = 0
    private(set) var usedTicks = 0
    private(set) var violations: [String] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        restoring = SeededGenerator(seed: ~seed)
    }

    func witness(after earlier: Witness?, keepsDisk: Bool) -> Witness {
        let witness = Witness()
        if let earlier, keepsDisk {
            witness.lastGrant = earlier.lastGrant
        }
        witnesses.append(witness)
        return witness
    }

    // MARK: - What the operator does

    func takeSnapshot() {
        snapshot = store.state.withLock { ($0.records, $0.lastVersion) }
    }

    /// Between any two steps of anybody.
    func maybeRestore() {
        guard restoreOneIn > 0, restoring.oneIn(restoreOneIn) else { return }
        store.state.withLock { ($0.records, $0.lastVersion) = (snapshot.records, snapshot.version) }
        restores += 1
    }

    /// As the command does it: sequences first, and then the floor, above all that was ever granted.
    func repair(now: UInt64) {
        if let highest = values.keys.max(), (try? SequenceSkip.perform(store, name: "a", count: 100_000)) == nil {
            // The copy is from before the first ticket.
            let parameters = try? SequenceParameters(kind: .plain, start: highest + 1)
            let claims = SequenceClaims(store: store, holder: holder(0))
            _ = claims.create("a", parameters ?? .plain, using: &random)
        }
        let limit = max(now, highestLimit)
        let floor = FloorRecord(
            limit: StoreInstant(tick: limit, unixMilliseconds: limit),
            host: "h",
            raisedAtUnixMilliseconds: now
        )
        guard (try? floor.raise(store)) != nil else { return }
        repairs += 1
        for witness in witnesses {
            witness.hasProof = false
            witness.sawRepair = true
            witness.seen = 0
            witness.lastGrant = nil
        }
        takeSnapshot()
    }

    // MARK: - What the judge keeps

    func began(_ text: String, by witness: Witness) {
        witness.writes[text] = (witness.seen, lacksGrant(witness))
    }

    func showed(_ text: String, to witness: Witness) {
        guard let write = witness.writes[text] else { return }
        witness.writes[text] = (write.seen, lacksGrant(witness))
    }

    func lacksGrant(_ witness: Witness) -> Bool {
        guard let grant = witness.lastGrant else { return false }
        let key = WorkerRecord.key(grant.worker)
        guard let text = store.state.withLock({ $0.records[key]?.value }),
            let record = try? WorkerRecord(key: key, text: text)
        else { return true }
        if record.generation != grant.generation { return record.generation < grant.generation }
        return record.limit < grant.limit && !record.isGivenBack
    }

    /// A space was opened, or its limit raised, on the strength of `held`.
    func granted(_ held: HeldWorker, to holder: Holder, _ witness: Witness) -> Piece {
        grants += 1
        highestLimit = max(highestLimit, held.limit)
        let write = held.record.flatMap { witness.writes[$0.text] }
        let isExcused = write.map { held.version > $0.seen && !$0.lackedGrant } ?? false
        if held.limit > witness.lastGrant?.limit ?? 0 {
            witness.lastGrant = (held.worker, held.generation, held.limit)
        }
        return Piece(
            owner: holder.instance,
            order: grants,
            limit: held.limit,
            isExcused: isExcused,
            grounds: "\(held.version) after \(write.map { "\($0)" } ?? "nothing")"
        )
    }

    func used(_ worker: UInt32, _ tick: UInt64, _ piece: Piece, _ witness: Witness) {
        usedTicks += 1
        if witness.hasProof, !witness.sawRepair {
            violations.append("\(piece.owner) used \(tick) after it had seen that the store was set back")
        }
        let before = uses.updateValue(piece, forKey: Use(worker: worker, tick: tick))
        guard let before, before.owner != piece.owner else { return }
        let later = before.order > piece.order ? before : piece
        if later.isExcused, restores > 0 {
            excused += 1
        } else {
            violations.append("worker \(worker) used tick \(tick) twice, by \(before) and \(piece)")
        }
    }

    func took(_ block: SequenceBlock, _ instance: UInt64, _ witness: Witness) {
        grants += 1
        let write = witness.writes[block.record.text]
        let isExcused = restores > 0 && (witness.sawRepair || write.map { block.version > $0.seen } ?? false)
        if witness.hasProof, !witness.sawRepair {
            violations.append("\(instance) took values after it had seen that the store was set back")
        }
        for index in 0..<block.values.count {
            let value = block.values.first + index * block.values.increment
            guard let before = values.updateValue((instance, grants, isExcused), forKey: value) else { continue }
            if isExcused {
                excused += 1
            } else {
                violations.append("value \(value): \(before.instance) and \(instance)")
            }
        }
    }
}

/// One daemon's way to the store: what it is told is witnessed, and the store may be restored before a call, and after it
/// but before it is answered.
final class WitnessedStore: Store {
    /// The simulation has one thread; the guards want what may be shared.
    private struct Parts: @unchecked Sendable {
        let world: RestoredWorld
        let witness: RestoredWorld.Witness
    }

    private let parts: Parts
    private var world: RestoredWorld { parts.world }
    private var witness: RestoredWorld.Witness { parts.witness }

    init(_ world: RestoredWorld, _ witness: RestoredWorld.Witness) {
        parts = Parts(world: world, witness: witness)
    }

    func read(_ key: String) throws(StoreError) -> StoredValue? {
        try witnessed { () throws(StoreError) in
            let stored = try world.store.read(key)
            if let stored { world.showed(stored.value, to: witness) }
            if key == FloorRecord.key {
                if stored?.value != witness.floor {
                    // It finds a repair, and from here on takes the store's contents as correct. The store may have been
                    // restored since the repair, and what the daemon saw in between is lost. A grant below the floor is
                    // settled by it.
                    witness.seen = 0
                    witness.hasProof = false
                    if let grant = witness.lastGrant, let floor = try stored.map(FloorRecord.init),
                        grant.limit <= floor.limit.tick
                    {
                        witness.lastGrant = nil
                    }
                }
                witness.floorBeingVerified = stored?.value
            }
            return stored
        } versions: {
            $0.map { [$0.version] } ?? []
        }
    }

    /// A floor that is read with sequences is not compared with anything.
    func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        keys.map { key in
            let floor = witness.floorBeingVerified
            defer { witness.floorBeingVerified = floor }
            let seen = witness.seen
            let result = Result { () throws(StoreError) in try read(key) }
            if key == FloorRecord.key { witness.seen = max(witness.seen, seen) }
            return result
        }
    }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try witnessed { () throws(StoreError) in
            try world.store.list(prefix: prefix)
        } versions: {
            $0.map(\.version)
        }
    }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        try pageOfAll(prefix: prefix, after: after, limit: limit)
    }

    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        world.maybeRestore()
        defer { world.maybeRestore() }
        world.began(value, by: witness)
        let before = witness.seen
        let outcome = try world.store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
        if case .written(let version) = outcome {
            if version <= before { witness.hasProof = true }
            witness.seen = max(witness.seen, version)
        }
        return outcome
    }

    func highestVersion() throws(StoreError) -> UInt64 {
        let before = witness.seen
        let newest = try witnessed { () throws(StoreError) in
            try world.store.highestVersion()
        } versions: {
            [$0]
        }
        if newest < before { witness.hasProof = true }
        // Where the call before this one failed, it finds the repair again the next time.
        if let floor = witness.floorBeingVerified { witness.floor = floor }
        witness.floorBeingVerified = nil
        return newest
    }

    private func witnessed<Value>(
        _ call: () throws(StoreError) -> Value,
        versions: (Value) -> [UInt64]
    ) throws(StoreError) -> Value {
        world.maybeRestore()
        defer { world.maybeRestore() }
        let value = try call()
        witness.seen = max(witness.seen, versions(value).max() ?? 0)
        return value
    }
}
