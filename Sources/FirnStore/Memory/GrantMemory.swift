internal import Synchronization

/// What one daemon knows, apart from the store, of what it was granted; so that a store which was restored from an older
/// copy, emptied or exchanged is noticed before anything is given out twice.
///
/// It holds the store against two things that never fall in a store that was left alone:
/// - the limit and the generation of the worker that was extended last, at every claim, by ``verify(_:)``;
/// - the store's version, at every write, by ``GuardedStore``. That is how named sequences are protected too.
///
/// Where there is a file, both outlive the daemon. Only the highest limit is kept, for the store has either all that was
/// written before it or was set back.
package final class GrantMemory: Sendable {
    /// What the memory has to know to speak of the store.
    package struct Context: Sendable {
        /// Which store it is.
        package var storeID: UInt64
        /// As `--store` says it: `sqlite:/var/lib/firn/firn.db`.
        package var storeName: String
        /// When a tick begins.
        package var unixMilliseconds: @Sendable (_ tick: UInt64) -> UInt64
        /// Milliseconds since 1970 as people write them.
        package var text: @Sendable (_ unixMilliseconds: UInt64) -> String

        package init(
            storeID: UInt64,
            storeName: String,
            unixMilliseconds: @escaping @Sendable (UInt64) -> UInt64,
            text: @escaping @Sendable (UInt64) -> String
        ) {
            self.storeID = storeID
            self.storeName = storeName
            self.unixMilliseconds = unixMilliseconds
            self.text = text
        }

        /// By which the memory of this store's place is found again.
        package var address: UInt64 { Grant.digest(storeName) }
    }

    private struct State {
        /// What the store has still to show: grants of earlier runs and of this host's other daemons.
        var unverified: [Grant]
        /// The highest of this daemon, or one that the store has shown.
        var highest: Grant?
        var written: Grant?
        var version: UInt64 = 0
        /// Set when a write was given a version that had been used: it stays set until the store is repaired.
        var versionFellTo: UInt64?
    }

    private let context: Context
    private let file: GrantFile?
    private let state: Mutex<State>

    /// - Parameters:
    ///   - remembered: All grants of the state directory; those of other stores at other places are left out.
    ///   - file: Where to remember; nil: in this process alone.
    package init(_ context: Context, remembered: [Grant] = [], file: GrantFile? = nil) {
        self.context = context
        self.file = file
        let relevant = remembered.filter { $0.storeID == context.storeID || $0.address == context.address }
        state = Mutex(State(unverified: relevant))
    }

    // MARK: - Holding the store against it

    /// Sees whether the store still knows what this daemon was granted, or was repaired since.
    ///
    /// - Returns: the store's floor, if it has one: no claim may begin below it.
    /// - Throws: `.setBack`, with both times and what to do; any error of reading.
    @discardableResult
    package func verify(_ store: some Store) throws(StoreError) -> FloorRecord? {
        let floor = try FloorRecord.read(store)
        let (expected, versionFellTo) = state.withLock { state in
            ((state.unverified + [state.highest].compactMap(\.self)).filter { !covers(floor, $0) }, state.versionFellTo)
        }
        if let highest = expected.max(by: { $0.limit.unixMilliseconds < $1.limit.unixMilliseconds }) {
            if let other = expected.first(where: { $0.storeID != context.storeID }) { throw otherStore(other) }
            if let versionFellTo { throw versionFell(to: versionFellTo, highest) }
            // The last one written and the highest: where these are, all before them are.
            let last = expected.max { $0.version < $1.version }!
            for grant in Set([highest, last]) { try check(grant, in: store) }
        }
        state.withLock { state in
            state.unverified = []
            if let highest = expected.max(by: { $0.limit.tick < $1.limit.tick }) {
                if state.highest.map({ $0.limit.tick < highest.limit.tick }) ?? true { state.highest = highest }
                state.version = max(state.version, expected.map(\.version).max()!)
            } else if state.highest != nil || versionFellTo != nil {
                // All of it lies below the floor, and whatever the store says from now on is right.
                state.highest = nil
                state.version = 0
                state.versionFellTo = nil
            }
        }
        return floor
    }

    private func covers(_ floor: FloorRecord?, _ grant: Grant) -> Bool {
        guard let floor else { return false }
        // Another store may count its ticks otherwise.
        return grant.storeID == context.storeID
            ? floor.limit.tick >= grant.limit.tick : floor.limit.unixMilliseconds >= grant.limit.unixMilliseconds
    }

    private func check(_ grant: Grant, in store: some Store) throws(StoreError) {
        let key = WorkerRecord.key(grant.worker)
        guard let stored = try store.read(key) else { throw setBack(grant, "has no record \(key)") }
        let record = try WorkerRecord(key: key, text: stored.value)
        guard record.generation >= grant.generation, record.limit >= grant.limit.tick else {
            let until = context.text(context.unixMilliseconds(record.limit))
            throw setBack(
                grant,
                "has worker \(grant.worker) used up to \(until) by its holder \(record.generation)"
            )
        }
    }

    // MARK: - What is granted

    /// The store was read or written, and says that this worker is ours up to its limit.
    package func granted(_ held: HeldWorker) {
        state.withLock { state in
            state.version = max(state.version, held.version)
            guard state.highest.map({ held.limit > $0.limit.tick }) ?? true else { return }
            state.highest = Grant(
                address: context.address,
                storeID: context.storeID,
                worker: held.worker,
                generation: held.generation,
                limit: StoreInstant(tick: held.limit, unixMilliseconds: context.unixMilliseconds(held.limit)),
                version: state.version
            )
        }
    }

    /// A worker's limit is about to be lowered in the store by its holder. It is remembered first: the store must never
    /// be seen to know less.
    func releasing(_ held: HeldWorker, limit: UInt64) throws(StoreError) {
        let changes = state.withLock { state in
            guard let highest = state.highest, highest.worker == held.worker, highest.limit.tick > limit else {
                return false
            }
            state.highest!.limit = StoreInstant(tick: limit, unixMilliseconds: context.unixMilliseconds(limit))
            return true
        }
        if changes { try persist() }
    }

    /// Writes what is remembered to the file, if it has changed.
    package func persist() throws(StoreError) {
        guard let file else { return }
        let grant = state.withLock { state in state.written == state.highest ? nil : state.highest }
        guard let grant else { return }
        try file.write(grant)
        state.withLock { $0.written = grant }
    }

    /// The highest limit that is remembered.
    package var highest: Grant? {
        state.withLock { $0.highest }
    }

    // MARK: - The store's version

    /// - Returns: the highest version known before a write, for ``wrote(version:after:)``.
    /// - Throws: `.setBack` while the store is known to have been.
    func beginWrite() throws(StoreError) -> UInt64 {
        let (version, fellTo, highest) = state.withLock { ($0.version, $0.versionFellTo, $0.highest) }
        if let fellTo { throw versionFell(to: fellTo, highest) }
        return version
    }

    /// A write that was begun when `before` was the highest version has got this one.
    func wrote(version: UInt64, after before: UInt64) throws(StoreError) {
        let highest = state.withLock { state in
            if version <= before { state.versionFellTo = version }
            state.version = max(state.version, version)
            return state.highest
        }
        if version <= before { throw versionFell(to: version, highest) }
    }

    // MARK: - Words

    private func setBack(_ grant: Grant, _ what: String) -> StoreError {
        StoreError(
            code: .setBack,
            message: "the store \(context.storeName) \(what), and this daemon was granted worker \(grant.worker) up to "
                + "\(context.text(grant.limit.unixMilliseconds)) as its holder \(grant.generation): it was restored from "
                + "an older copy or set back. \(advice)"
        )
    }

    private func versionFell(to version: UInt64, _ grant: Grant?) -> StoreError {
        let limit = grant.map { ", and this daemon was granted \(context.text($0.limit.unixMilliseconds))" } ?? ""
        return StoreError(
            code: .setBack,
            message: "the store \(context.storeName) gave a write the version \(version), which it had given before"
                + "\(limit): it was restored from an older copy or set back. \(advice)"
        )
    }

    private func otherStore(_ grant: Grant) -> StoreError {
        StoreError(
            code: .setBack,
            message:
                "the store \(context.storeName) is another one (\(hexadecimal(context.storeID, digits: 16, uppercase: false))) "
                + "than the one (\(hexadecimal(grant.storeID, digits: 16, uppercase: false))) that granted worker "
                + "\(grant.worker) up to \(context.text(grant.limit.unixMilliseconds)) there. Put that one back, or: \(advice)"
        )
    }

    private var advice: String {
        "No ID is given out, for it might be one that was given out before. Stop all daemons on this store and run "
            + "'firn store repair --store \(context.storeName) --raise-to known'"
    }
}
