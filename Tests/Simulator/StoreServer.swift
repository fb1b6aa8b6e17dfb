import FirnStore
import FirnTestSupport

/// The store that all processes share: records with compare-and-swap, which can be down, restored and exchanged.
final class StoreServer {
    struct Contents {
        var records: [String: StoredValue] = [:]
        var lastVersion: UInt64 = 0
        /// Which store it is: another one has another number.
        var lineage = 0
    }

    private let world: World
    private let judge: Judge
    private(set) var contents = Contents()
    /// Older copies, the last one the newest.
    private var copies: [Contents] = []
    /// The one that is put back when an exchange ends.
    private var original: Contents?
    private(set) var isUp = true
    /// Whether the one that was put in its place was written to.
    private(set) var wasOtherWritten = false
    /// Whether what was done may have lost records, and no repair has followed.
    private(set) var isSetBack = false

    private var operatorRandom: SeededGenerator
    /// What is to be done in the middle of a call.
    private var traps: [(moment: CallMoment, action: () -> Void)] = []
    /// A copy is made after each so many writes; nil: none.
    var copiesEvery: UInt64?

    static let maximumCopies = 8
    /// More than a run gives out.
    static let skippedValues: UInt64 = 1 << 40

    init(world: World, judge: Judge) {
        self.world = world
        self.judge = judge
        operatorRandom = world.generator(3)
        judge.store = self
    }

    // MARK: - Calls

    func read(_ key: String) -> StoredValue? { contents.records[key] }

    func list(prefix: String, after: String?, limit: Int) -> [StoredRecord] {
        let found = contents.records.filter { key, _ in
            key.hasPrefix(prefix) && after.map { $0.utf8.lexicographicallyPrecedes(key.utf8) } ?? true
        }
        return found.map { StoredRecord(key: $0.key, value: $0.value.value, version: $0.value.version) }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .prefix(limit).map(\.self)
    }

    func write(_ write: StoreWrite, by writer: WriterView) -> WriteOutcome {
        let present = contents.records[write.key]
        guard present?.version == write.ifVersion, write.ifValue == nil || present?.value == write.ifValue else {
            world.record(.conflicted, writer.process, 0, "\(writer.name): too late to write \(write.key)")
            return .conflict
        }
        contents.lastVersion += 1
        if isExchanged { wasOtherWritten = true }
        contents.records[write.key] = StoredValue(value: write.value, version: contents.lastVersion)
        world.record(
            .applied,
            writer.process,
            contents.lastVersion,
            "store: version \(contents.lastVersion), by \(writer.name): \(write.key) = \(write.value)"
        )
        let applied = Judge.Applied(
            write: write,
            previous: present,
            version: contents.lastVersion,
            lineage: contents.lineage,
            writer: writer
        )
        judge.applied(applied)
        if let copiesEvery, contents.lastVersion % copiesEvery == 0, !isSetBack { takeCopy() }
        return .written(version: contents.lastVersion)
    }

    // MARK: - Faults

    var isExchanged: Bool { original != nil }

    func setUp(_ isUp: Bool) { self.isUp = isUp }

    /// Does this at the next such moment.
    func atNext(_ moment: CallMoment, _ action: @escaping () -> Void) { traps.append((moment, action)) }

    func forgetTraps() { traps = [] }

    /// A call of this kind is about to be done, or was.
    func reached(_ kind: CallKind, isAfter: Bool) {
        guard let index = traps.firstIndex(where: { $0.moment.kind == kind && $0.moment.isAfter == isAfter }) else {
            return
        }
        traps.remove(at: index).action()
    }

    func takeCopy() {
        guard original == nil else { return }
        copies.append(contents)
        if copies.count > Self.maximumCopies { copies.removeFirst() }
    }

    /// - Parameter age: 0: the newest copy that lacks something; 1: the one before.
    /// - Returns: whether there is such a copy.
    func restore(age: Int) -> Bool {
        let older = copies.filter { $0.lastVersion < contents.lastVersion }
        guard original == nil, older.indices.contains(older.count - 1 - age) else { return false }
        let copy = older[older.count - 1 - age]
        contents = copy
        isSetBack = true
        judge.wasRestored()
        return true
    }

    /// Puts another store with the same layout in its place, or takes it away again.
    func exchange(for layout: String?) {
        if let layout, original == nil, !isSetBack {
            original = contents
            contents = Contents(lineage: contents.lineage + 1)
            let record = LayoutRecord(layout: layout, storeID: 0xF0_0000 &+ UInt64(contents.lineage))
            contents.lastVersion = 1
            contents.records[LayoutRecord.key] = StoredValue(value: record.text, version: 1)
        } else if layout == nil, let original {
            contents = original
            self.original = nil
        }
    }

    /// As the command does it: the floor is raised above all that was ever granted.
    func repair(now: UInt64, highestLimit: UInt64, unixMilliseconds: (UInt64) -> UInt64) {
        let limit = max(now, highestLimit)
        let instant = StoreInstant(tick: limit, unixMilliseconds: unixMilliseconds(limit))
        let floor = FloorRecord(
            limit: instant,
            host: "operator",
            raisedAtUnixMilliseconds: unixMilliseconds(now),
            skippedValues: Self.skippedValues
        )
        let direct = DirectStore(self)
        do throws(StoreError) {
            // First the sequences, as the command does it; those that the copy does not have begin above the floor's number.
            for name in ["a", "strict"] {
                _ = try SequenceSkip.perform(direct, name: name, count: Self.skippedValues, using: &operatorRandom)
            }
            let raised = try floor.raise(direct)
            world.record(.noted, 0, raised.limit.tick, "operator: repaired the store; floor \(raised.limit.tick)")
        } catch {
            preconditionFailure("the operator reaches the store: \(error)")
        }
        isSetBack = false
        copies = []
        judge.wasRepaired()
    }

    /// The command is used where nothing was lost: with a limit that may be below the floor that there is.
    func repairAgain(now: UInt64, limit: UInt64, unixMilliseconds: (UInt64) -> UInt64) {
        guard original == nil, !isSetBack else { return }
        let floor = FloorRecord(
            limit: StoreInstant(tick: limit, unixMilliseconds: unixMilliseconds(limit)),
            host: "operator",
            raisedAtUnixMilliseconds: unixMilliseconds(now)
        )
        do throws(StoreError) {
            let raised = try floor.raise(DirectStore(self))
            world.record(.noted, 0, raised.limit.tick, "operator: asked for floor \(limit), is \(raised.limit.tick)")
        } catch {
            preconditionFailure("the operator reaches the store: \(error)")
        }
        copies = []
        judge.wasRepaired()
    }
}

/// What a write's writer had been shown when it sent the write.
struct WriterView {
    var process: Int
    var name: String
    /// The highest version.
    var seen: UInt64 = 0
}

/// The store as the operator's command has it: without a network.
private final class DirectStore: Store, @unchecked Sendable {
    // Sendable, because a simulation runs on one thread.
    private let server: StoreServer

    init(_ server: StoreServer) { self.server = server }

    func read(_ key: String) throws(StoreError) -> StoredValue? { server.read(key) }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        server.list(prefix: prefix, after: nil, limit: .max)
    }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        server.list(prefix: prefix, after: after, limit: limit)
    }

    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        server.write(
            StoreWrite(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue),
            by: WriterView(process: 0, name: "operator")
        )
    }

    func highestVersion() throws(StoreError) -> UInt64 { server.contents.lastVersion }
}
