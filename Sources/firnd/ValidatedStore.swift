internal import FirnStore
internal import Synchronization

/// A store whose calls fail until it was checked to be this daemon's store.
///
/// ``validate()`` makes the check at the start. If the store was unreachable then, the first call that reaches it makes
/// the check: a daemon may start before its store, and still claims nothing in a store that is not its own.
final class ValidatedStore: Store {
    private let store: any Store
    private let check: @Sendable (any Store) throws -> Void
    private let refused: @Sendable (any Error) -> Void
    private let isValidated = Atomic(false)

    /// - Parameters:
    ///   - check: throws the reason why the store cannot be used. May run on several threads at once.
    ///   - refused: called with the error of `check`, on any thread, when a call made the check and a retry cannot
    ///     succeed. Each call that makes the check calls it again.
    init(
        _ store: any Store,
        check: @escaping @Sendable (any Store) throws -> Void,
        refused: @escaping @Sendable (any Error) -> Void
    ) {
        self.store = store
        self.check = check
        self.refused = refused
    }

    func validate() throws {
        try check(store)
        isValidated.store(true, ordering: .releasing)
    }

    /// Whether a retry of the check cannot succeed.
    static func isFinal(_ error: any Error) -> Bool {
        (error as? StoreError).map(\.needsSomebody) ?? true
    }

    func read(_ key: String) throws(StoreError) -> StoredValue? {
        try requireValidated()
        return try store.read(key)
    }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try requireValidated()
        return try store.list(prefix: prefix)
    }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        try requireValidated()
        return try store.list(prefix: prefix, after: after, limit: limit)
    }

    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try requireValidated()
        return try store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
    }

    func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        ifValidated(count: keys.count) { store.read(keys) }
    }

    func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        ifValidated(count: writes.count) { store.write(writes) }
    }

    func highestVersion() throws(StoreError) -> UInt64 {
        try requireValidated()
        return try store.highestVersion()
    }

    private func ifValidated<Value>(
        count: Int,
        _ body: () -> [Result<Value, StoreError>]
    ) -> [Result<Value, StoreError>] {
        do throws(StoreError) {
            try requireValidated()
        } catch {
            return (0..<count).map { _ in .failure(error) }
        }
        return body()
    }

    private func requireValidated() throws(StoreError) {
        guard !isValidated.load(ordering: .acquiring) else { return }
        do {
            try validate()
        } catch {
            if Self.isFinal(error) { refused(error) }
            throw (error as? StoreError) ?? StoreError(code: .refused, message: "\(error)")
        }
    }
}
