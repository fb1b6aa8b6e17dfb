internal import Synchronization

/// One daemon's record, apart from the store, of what it was granted. With it, the daemon detects a store that was
/// restored from an older copy, emptied or exchanged, before anything is given out twice.
///
/// It compares the store with three values that never decrease in a store that was not set back:
/// - the generation of the worker with the highest limit, and its holder's limit, and the same of the worker that was
///   extended last, before and after every claim, by ``verify(_:)``;
/// - the store's version, at the same time, and at every write, by ``RollbackDetectingStore``;
/// - the sequence record that was written last, at the same time as the first. It detects cases that versions do not:
///   an etcd's version increases with other programs' writes, and a restored etcd may continue with far higher
///   versions.
///
/// After it has found the store set back, it keeps this result until the store is repaired: other daemons continue to
/// write to such a store, and what it lacked soon cannot be seen any more.
///
/// With a storage, all three outlive the daemon, and a sequence's values are used only after the record that reserved
/// them is in the journal. Of the workers only the one with the highest limit outlives the daemon. Only the last of each
/// is kept, because the store either has everything that was written before it, or was set back.
package final class GrantJournal: Sendable {
    /// What the journal must know about the store.
    package struct Context: Sendable {
        /// The store's ID; nil while it is not known, until ``GrantJournal/identified(as:)`` is called.
        package var storeID: UInt64?
        /// The store's address, as in `--store`: `sqlite:/var/lib/firn/firn.db`.
        package var storeName: String
        /// Whether the store is one that other daemons serve.
        package var isOfDaemons: Bool
        /// The canonical text of the layout that the store's record must contain; nil: it is not checked.
        package var layout: String?
        /// When a tick begins.
        package var unixMilliseconds: @Sendable (_ tick: UInt64) -> UInt64
        /// Formats milliseconds since 1970 for people.
        package var text: @Sendable (_ unixMilliseconds: UInt64) -> String

        package init(
            storeID: UInt64? = nil,
            storeName: String,
            isOfDaemons: Bool = false,
            layout: String? = nil,
            unixMilliseconds: @escaping @Sendable (UInt64) -> UInt64,
            text: @escaping @Sendable (UInt64) -> String
        ) {
            self.storeID = storeID
            self.storeName = storeName
            self.isOfDaemons = isOfDaemons
            self.layout = layout
            self.unixMilliseconds = unixMilliseconds
            self.text = text
        }

        /// The digest by which the journal of this store's address is found again.
        package var address: UInt64 { Grant.digest(storeName) }

        /// The name, if it fits into the slot together with everything else.
        var storedName: String? {
            var text = RecordText(kind: "", version: 1)
            text.append("", storeName)
            return text.text.utf8.count <= 104 ? storeName : nil
        }
    }

    /// What was known about the store when a call to it began.
    struct Moment: Sendable {
        fileprivate var version: UInt64
        fileprivate var repairs: Int
        fileprivate var floorReadings: UInt64
    }

    let context: Context
    /// What this host's daemons have recorded; nil when nothing is looked at.
    let recordedGrants: (@Sendable () throws(StoreError) -> [Grant])?
    private let slot: (any GrantSlot)?
    let state = Mutex(State())
    /// Held while the slot is written, so that an older state is not written after a newer one.
    private let isPersisting = Mutex(())

    /// - Parameter storage: Where this daemon and others record their grants; nil: in this process only.
    /// - Throws: errors of the storage.
    package init(_ context: Context, storage: (any GrantStorage)? = nil) throws(StoreError) {
        self.context = context
        if let storage {
            recordedGrants = { () throws(StoreError) in try storage.grants() }
        } else {
            recordedGrants = nil
        }
        slot = try storage?.takeSlot(address: context.address)
        if let storeID = context.storeID { identified(as: storeID) }
    }

    /// A journal that compares a store with records of daemons, and writes none. They have to be read before the store,
    /// because daemons go on.
    package init(examining context: Context, recorded grants: [Grant]?) {
        self.context = context
        if let grants {
            recordedGrants = { grants }
        } else {
            recordedGrants = nil
        }
        slot = nil
    }

    /// A journal that starts with `grant` and lasts as long as the process.
    init(_ context: Context, remembering grant: Grant?) {
        self.context = context
        recordedGrants = nil
        slot = nil
        state.withLock { state in
            state.storeID = context.storeID
            if let grant { state.inherit(grant) }
        }
    }

    /// Sets the store's ID, after the first contact with it: before it is verified, or written to with this journal.
    package func identified(as storeID: UInt64) {
        state.withLock { state in
            guard state.storeID != storeID else { return }
            state.storeID = storeID
            if let grant = slot?.inherited, grant.storeID == storeID { state.inherit(grant) }
        }
    }

    var storeID: UInt64 {
        guard let storeID = state.withLock({ $0.storeID }) else {
            preconditionFailure("a store says who it is before anything is granted")
        }
        return storeID
    }

    // MARK: - Grants

    /// Records that, according to a read or write of the store, this daemon has this worker up to its limit.
    package func granted(_ held: HeldWorker) {
        let storeID = storeID
        state.withLock { state in
            state.version = max(state.version, held.version)
            var grant = Grant(
                address: context.address,
                storeID: storeID,
                worker: held.worker,
                generation: held.generation,
                limit: StoreInstant(tick: held.limit, unixMilliseconds: context.unixMilliseconds(held.limit)),
                version: held.version
            )
            if held.version >= state.latest?.version ?? 0 { state.latest = grant }
            guard state.highest.map({ held.limit > $0.limit.tick }) ?? true else { return }
            grant.version = state.version
            state.highest = grant
        }
    }

    /// Writes what is recorded to its slot, if it has changed. May be called on any thread. Of two calls at once, the
    /// second finds it written, or writes what was added since.
    package func persist() throws(StoreError) {
        guard let slot else { return }
        try isPersisting.withLock { _ throws(StoreError) in
            let grant = state.withLock { state -> Grant? in
                let grant = state.remembered(context)
                return grant == state.written ? nil : grant
            }
            guard let grant else { return }
            try slot.write(grant)
            state.withLock { $0.written = grant }
        }
    }

    /// The highest limit that is recorded.
    package var highest: Grant? {
        state.withLock { $0.highest }
    }

    /// What is recorded about the store; nil while there is nothing.
    package var remembered: Grant? {
        state.withLock { $0.remembered(context) }
    }

    // MARK: - The store's version

    /// The current state, for ``wrote(_:_:version:after:)`` and ``saw(version:since:)``.
    var moment: Moment {
        state.withLock { Moment(version: $0.version, repairs: $0.repairs, floorReadings: $0.floorReadings) }
    }

    /// How often a repair of the store was detected.
    var repairs: Int {
        state.withLock { $0.repairs }
    }

    /// Whether no repair was detected since then.
    func isOfPresentStore(_ began: Moment) -> Bool { began.repairs == repairs }

    /// - Throws: `.setBack` while the store is known to be set back.
    func beginWrite() throws(StoreError) -> Moment {
        if let error = setBackError { throw error }
        return moment
    }

    /// Records that a write that began at `began` got this version.
    func wrote(_ key: String, _ value: String, version: UInt64, after began: Moment) throws(StoreError) {
        let (isPast, highest) = state.withLock { state in
            state.show(version, callAfter: began.floorReadings)
            guard began.floorReadings >= state.repairReading else { return (true, state.highest) }
            if version > began.version, key.hasPrefix(SequenceRecord.keyPrefix), version > state.newest?.version ?? 0 {
                state.newest = WrittenRecord(key: key, value: value, version: version)
            }
            state.version = max(state.version, version)
            return (state.repairs != began.repairs, state.highest)
        }
        guard version <= began.version else { return }
        let error = versionFell(to: version, highest)
        // A write from before the repair is no evidence about the current store. Its result must not be used either.
        throw isPast ? error : notice(.wasSetBack(error))
    }

    /// Records that the store was at this version, or had a record at it.
    func saw(version: UInt64, since began: Moment) {
        state.withLock { state in
            state.show(version, callAfter: began.floorReadings)
            if began.floorReadings >= state.repairReading { state.version = max(state.version, version) }
        }
    }
}
