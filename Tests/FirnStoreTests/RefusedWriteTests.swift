import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// A write that was refused is never in doubt: what it was to bring is not used, though the record shows it.
@Suite struct RefusedWriteTests {
    let store = MemoryStore()
    let memory: GrantMemory

    init() throws {
        memory = try GrantMemory(
            GrantMemory.Context(storeID: 1, storeName: "memory", unixMilliseconds: { $0 }, text: { "T\($0)" })
        )
    }

    var guarded: GuardedStore { GuardedStore(store, memory: memory) }
    var copy: (records: [String: StoredValue], version: UInt64) { store.state.withLock { ($0.records, $0.lastVersion) } }

    func restore(_ copy: (records: [String: StoredValue], version: UInt64)) {
        store.state.withLock { ($0.records, $0.lastVersion) = (copy.records, copy.version) }
    }

    // MARK: - Sequences

    @Test func aBlockFromAStoreThatWasSetBackIsNotTaken() throws {
        var random = SeededGenerator(seed: 1)
        let claims = SequenceClaims(store: guarded, holder: holder(1))
        func take(after doubt: SequenceDoubt? = nil) -> SequenceBlockOutcome {
            claims.takeBlock("a", count: 10, for: .tickets, orCreate: .plain, after: doubt, using: &random)
        }
        guard case .taken = take() else { return #expect(Bool(false)) }
        let old = copy
        guard case .taken(let forgotten) = take() else { return #expect(Bool(false)) }
        restore(old)
        // The write is applied, with values that were given before.
        guard case .failed(let error, let doubt) = take() else { return #expect(Bool(false)) }
        #expect(error.code == .setBack && doubt == nil)
        let stored = try #require(try claims.readSequence("a"))
        #expect(stored.record.reserved == forgotten.values.last)
        guard case .failed = take(after: doubt) else { return #expect(Bool(false)) }
    }

    @Test func aSequenceMadeInAStoreThatWasSetBackIsNotReportedAsMade() throws {
        var random = SeededGenerator(seed: 1)
        let claims = SequenceClaims(store: guarded, holder: holder(1))
        let old = copy
        guard case .created = claims.create("a", .plain, using: &random) else { return #expect(Bool(false)) }
        restore(old)
        guard case .failed(let error) = claims.create("a", .plain, using: &random) else {
            return #expect(Bool(false))
        }
        #expect(error.code == .setBack)
    }
}
