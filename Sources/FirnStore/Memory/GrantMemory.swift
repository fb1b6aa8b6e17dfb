internal import Synchronization

/// What one daemon knows, apart from the store, of what it was granted; so that a store which was restored from an older
/// copy, emptied or exchanged is noticed before anything is given out twice.
///
/// It holds the store against two things that never fall in a store that was left alone:
/// - the generation of the worker that was extended last, and its holder's limit, at every claim, by ``verify(_:)``;
/// - the store's version, at every write, by ``GuardedStore``. That is how named sequences are protected too.
///
/// Where there is a file, both outlive the daemon. Only the highest limit is kept, for the store has either all that was
/// written before it or was set back.
package final class GrantMemory: Sendable {
    /// What the memory has to know to speak of the store.
    package struct Context: Sendable {
        /// Which store it is; nil while that is not known, as ``GrantMemory/identified(as:)`` is told later.
        package var storeID: UInt64?
        /// As `--store` says it: `sqlite:/var/lib/firn/firn.db`.
        package var storeName: String
        /// When a tick begins.
        package var unixMilliseconds: @Sendable (_ tick: UInt64) -> UInt64
        /// Milliseconds since 1970 as people write them.
        package var text: @Sendable (_ unixMilliseconds: UInt64) -> String

        package init(
            storeID: UInt64? = nil,
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
        /// Which store it is; nil while none was met.
        var storeID: UInt64?
        /// Whether the store was held against what is remembered on this host.
        var isVerified = false
        /// The highest of this daemon, or of the one before it in its file.
        var highest: Grant?
        var written: Grant?
        var version: UInt64 = 0
        /// Set when a write was given a version that had been used: it stays set until the store is repaired.
        var versionFellTo: UInt64?
        /// What ``verify(_:)`` found missing: nothing is written until it finds nothing.
        var refusal: StoreError?
    }

    private let context: Context
    private let directory: StateDirectory?
    private let file: GrantFile?
    private let state = Mutex(State())

    /// - Parameter directory: Where to remember, and what others remember there; nil: in this process alone.
    /// - Throws: what the directory does.
    package init(_ context: Context, directory: StateDirectory? = nil) throws(StoreError) {
        self.context = context
        self.directory = directory
        file = try directory?.takeFile(address: context.address)
        if let storeID = context.storeID { identified(as: storeID) }
    }

    /// One that remembers `grant` and lasts as long as the process.
    init(_ context: Context, remembering grant: Grant?) {
        self.context = context
        directory = nil
        file = nil
        state.withLock { state in
            state.storeID = context.storeID
            state.highest = grant
        }
    }

    /// The store was met, and says who it is: before it is verified or written to by way of this memory.
    package func identified(as storeID: UInt64) {
        state.withLock { state in
            guard state.storeID != storeID else { return }
            state.storeID = storeID
            if let grant = file?.inherited, grant.storeID == storeID { state.highest = grant }
        }
    }

    private var storeID: UInt64 {
        guard let storeID = state.withLock({ $0.storeID }) else {
            preconditionFailure("a store says who it is before anything is granted")
        }
        return storeID
    }

    // MARK: - Holding the store against it

    /// Sees whether the store still knows what this daemon was granted, or was repaired since.
    ///
    /// - Returns: the store's floor, if it has one: no claim may begin below it.
    /// - Throws: `.setBack`, with both times and what to do; any error of reading.
    @discardableResult
    package func verify(_ store: some Store) throws(StoreError) -> FloorRecord? {
        do {
            let floor = try floor(of: store)
            state.withLock { $0.refusal = nil }
            return floor
        } catch {
            if error.code == .setBack { state.withLock { $0.refusal = error } }
            throw error
        }
    }

    private func floor(of store: some Store) throws(StoreError) -> FloorRecord? {
        let floor = try FloorRecord.read(store)
        let (isVerified, highest, versionFellTo) = state.withLock { ($0.isVerified, $0.highest, $0.versionFellTo) }
        let own = highest.flatMap { covers(floor, $0) ? nil : $0 }
        if let versionFellTo, own != nil { throw versionFell(to: versionFellTo, own) }
        if let own, let error = try mismatch(own, store) { throw error }
        let others = isVerified ? [] : try verifyOthers(store, floor)
        state.withLock { state in
            state.isVerified = true
            if own == nil, highest != nil || versionFellTo != nil {
                // All of it lies below the floor, and whatever the store says from now on is right.
                state.highest = nil
                state.version = 0
                state.versionFellTo = nil
            }
            state.version = max(state.version, own?.version ?? 0, others.map(\.version).max() ?? 0)
        }
        return floor
    }

    /// Holds the store against what this host's other daemons remember, dead or alive.
    ///
    /// One that lives may give its worker back at this moment. It lowers what it remembers before it lowers the store:
    /// so what the store does not show is looked up again, and counts if it is remembered still.
    private func verifyOthers(_ store: some Store, _ floor: FloorRecord?) throws(StoreError) -> [Grant] {
        guard let directory else { return [] }
        let storeID = storeID
        var disbelieved: Set<Grant> = []
        while true {
            let grants = try directory.grants().filter { grant in
                (grant.storeID == storeID || grant.address == context.address) && !covers(floor, grant)
            }
            // The last one written and the highest: where these are, all before them are.
            let newest = grants.max { $0.version < $1.version }
            let highest = grants.max { $0.limit.unixMilliseconds < $1.limit.unixMilliseconds }
            let foreign = grants.first { $0.storeID != storeID }
            var isAgreed = true
            for grant in Set([newest, highest, foreign].compactMap(\.self)) {
                guard let error = try mismatch(grant, store) else { continue }
                isAgreed = false
                if !disbelieved.insert(grant).inserted { throw error }
            }
            if isAgreed { return grants }
        }
    }

    private func covers(_ floor: FloorRecord?, _ grant: Grant) -> Bool {
        guard let floor else { return false }
        // Another store may count its ticks otherwise.
        return grant.storeID == storeID
            ? floor.limit.tick >= grant.limit.tick : floor.limit.unixMilliseconds >= grant.limit.unixMilliseconds
    }

    /// What the store lacks of a grant; nil if nothing.
    ///
    /// A later holder's limit may be lower only if an operator said that the earlier one is dead.
    private func mismatch(_ grant: Grant, _ store: some Store) throws(StoreError) -> StoreError? {
        guard grant.storeID == storeID else { return otherStore(grant) }
        let key = WorkerRecord.key(grant.worker)
        guard let stored = try store.read(key) else { return setBack(grant, "has no record \(key)") }
        let record = try WorkerRecord(key: key, text: stored.value)
        if record.generation > grant.generation { return nil }
        if record.generation == grant.generation, record.limit >= grant.limit.tick { return nil }
        let until = context.text(context.unixMilliseconds(record.limit))
        return setBack(grant, "has worker \(grant.worker) used up to \(until) by its holder \(record.generation)")
    }

    // MARK: - What is granted

    /// The store was read or written, and says that this worker is ours up to its limit.
    package func granted(_ held: HeldWorker) {
        let storeID = storeID
        state.withLock { state in
            state.version = max(state.version, held.version)
            guard state.highest.map({ held.limit > $0.limit.tick }) ?? true else { return }
            state.highest = Grant(
                address: context.address,
                storeID: storeID,
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
        let (version, fellTo, highest, refusal) = state.withLock { state in
            (state.version, state.versionFellTo, state.highest, state.refusal)
        }
        if let fellTo { throw versionFell(to: fellTo, highest) }
        if let refusal { throw refusal }
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
            message: "the store \(context.storeName) \(what), and granted worker \(grant.worker) up to "
                + "\(context.text(grant.limit.unixMilliseconds)) to its holder \(grant.generation): it was restored from "
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
                "the store \(context.storeName) is another one (\(hexadecimal(storeID, digits: 16, uppercase: false))) "
                + "than the one (\(hexadecimal(grant.storeID, digits: 16, uppercase: false))) that granted worker "
                + "\(grant.worker) up to \(context.text(grant.limit.unixMilliseconds)) there. Put that one back, or: \(advice)"
        )
    }

    private var advice: String {
        "No ID is given out, for it might be one that was given out before. Stop all daemons on this store and run "
            + "'firn store repair --store \(context.storeName) --raise-to known'"
    }
}
