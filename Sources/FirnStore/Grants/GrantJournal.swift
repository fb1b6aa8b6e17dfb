internal import Synchronization

/// What one daemon knows, apart from the store, of what it was granted; so that a store which was restored from an older
/// copy, emptied or exchanged is noticed before anything is given out twice.
///
/// It holds the store against three things that never fall in a store that was left alone:
/// - the generation of the worker that was extended last, and its holder's limit, before and after every claim, by
///   ``verify(_:)``;
/// - the store's version, at the same time, and at every write, by ``RollbackDetectingStore``;
/// - the sequence's record that was written last, at the same time as the first. It tells also where versions do not: an
///   etcd's rises by what others write, and one that was restored may count on from far above.
///
/// Once it has found the store set back it stays with that until the store is repaired: others go on writing to such a store,
/// and what it lacked is soon hidden.
///
/// Where there is a storage, all outlive the daemon, and a sequence's values are used only once the record that reserved them is
/// remembered. Only the last of each is kept, for the store has either all that was written before it or was set back.
package final class GrantJournal: Sendable {
    /// What the journal has to know to speak of the store.
    package struct Context: Sendable {
        /// Which store it is; nil while that is not known, as ``GrantJournal/identified(as:)`` is told later.
        package var storeID: UInt64?
        /// As `--store` says it: `sqlite:/var/lib/firn/firn.db`.
        package var storeName: String
        /// The canonical text of the layout that the store's record has to show; nil: nobody looks.
        package var layout: String?
        /// When a tick begins.
        package var unixMilliseconds: @Sendable (_ tick: UInt64) -> UInt64
        /// Milliseconds since 1970 as people write them.
        package var text: @Sendable (_ unixMilliseconds: UInt64) -> String

        package init(
            storeID: UInt64? = nil,
            storeName: String,
            layout: String? = nil,
            unixMilliseconds: @escaping @Sendable (UInt64) -> UInt64,
            text: @escaping @Sendable (UInt64) -> String
        ) {
            self.storeID = storeID
            self.storeName = storeName
            self.layout = layout
            self.unixMilliseconds = unixMilliseconds
            self.text = text
        }

        /// By which the journal of this store's place is found again.
        package var address: UInt64 { Grant.digest(storeName) }

        /// The name, if it fits into the slot beside all else.
        var storedName: String? {
            var text = RecordText(kind: "", version: 1)
            text.append("", storeName)
            return text.text.utf8.count <= 104 ? storeName : nil
        }
    }

    struct State {
        /// Which store it is; nil while none was met.
        var storeID: UInt64?
        /// Whether the store was held against what is remembered on this host.
        var isVerified = false
        /// The highest of this daemon, or of the one before it in its slot.
        var highest: Grant?
        var written: Grant?
        var version: UInt64 = 0
        /// The sequence's record that was written last.
        var newest: WrittenRecord?
        /// When the floor was raised that the store had by what the daemon before this one remembered.
        var inheritedRepair: UInt64 = 0
        /// How often the store was found repaired. What began before the last time is not held against it.
        var repairs = 0
        /// The floor that the store had when it was last found right: a repair raises it.
        var floor: FloorRecord?
        /// Why the store is not used: it was found to be set back, and was not repaired since.
        var notice: Notice?

        /// All that is remembered lies below a floor that was raised since, and whatever the store says from now on is right.
        mutating func wasRepaired(floor: FloorRecord, newest: UInt64, storeID: UInt64) {
            self.storeID = storeID
            highest = nil
            self.newest = nil
            notice = nil
            version = newest
            repairs += 1
            self.floor = floor
        }

        mutating func inherit(_ grant: Grant) {
            version = grant.version
            newest = grant.newest
            inheritedRepair = grant.repairedAtUnixMilliseconds
            if grant.hasWorker { highest = grant }
        }

        /// All of it, as it is written down; nil while there is nothing.
        func remembered(_ context: Context) -> Grant? {
            guard let storeID, version > 0 || highest != nil else { return nil }
            var grant =
                highest
                ?? Grant(
                    address: context.address,
                    storeID: storeID,
                    worker: 0,
                    generation: 0,
                    limit: StoreInstant(tick: 0, unixMilliseconds: 0),
                    version: 0
                )
            grant.version = version
            grant.newest = newest
            grant.repairedAtUnixMilliseconds = max(inheritedRepair, floor?.raisedAtUnixMilliseconds ?? 0)
            grant.storeName = context.storedName
            return grant
        }
    }

    /// What shows that the store was set back.
    enum Notice {
        /// A version came again, or a grant is missing. Only a repair settles that: what others write hides it.
        case wasSetBack(StoreError)
        /// It is another one, or was emptied. The right one may be put back.
        case isAnother(StoreError)

        var error: StoreError {
            switch self {
            case .wasSetBack(let error), .isAnother(let error): error
            }
        }
    }

    /// What was known of the store when a call to it began.
    struct Moment: Sendable {
        fileprivate var version: UInt64
        fileprivate var repairs: Int
    }

    let context: Context
    let storage: (any GrantStorage)?
    private let slot: (any GrantSlot)?
    let state = Mutex(State())
    /// Held while the slot is written: what is older must not be written after what is newer.
    private let isPersisting = Mutex(())

    /// - Parameter storage: Where to remember, and what others remember there; nil: in this process alone.
    /// - Throws: what the storage does.
    package init(_ context: Context, storage: (any GrantStorage)? = nil) throws(StoreError) {
        self.context = context
        self.storage = storage
        slot = try storage?.takeSlot(address: context.address)
        if let storeID = context.storeID { identified(as: storeID) }
    }

    /// One that holds a store against what daemons remember in `storage`, and remembers nothing there.
    package init(examining context: Context, storage: (any GrantStorage)?) {
        self.context = context
        self.storage = storage
        slot = nil
    }

    /// One that remembers `grant` and lasts as long as the process.
    init(_ context: Context, remembering grant: Grant?) {
        self.context = context
        storage = nil
        slot = nil
        state.withLock { state in
            state.storeID = context.storeID
            if let grant { state.inherit(grant) }
        }
    }

    /// The store was met, and says who it is: before it is verified or written to by way of this journal.
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

    /// Writes what is remembered to its slot, if it has changed. Any thread; of two at once the second finds it written,
    /// or writes what came after.
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

    /// The highest limit that is remembered.
    package var highest: Grant? {
        state.withLock { $0.highest }
    }

    /// What is remembered of the store; nil while there is nothing.
    package var remembered: Grant? {
        state.withLock { $0.remembered(context) }
    }

    // MARK: - The store's version

    /// What is known now, for ``wrote(_:_:version:after:)`` and ``saw(version:since:)``.
    var moment: Moment {
        state.withLock { Moment(version: $0.version, repairs: $0.repairs) }
    }

    /// - Throws: `.setBack` while the store is known to have been.
    func beginWrite() throws(StoreError) -> Moment {
        if let error = setBackError { throw error }
        return moment
    }

    /// A write that began then has got this version.
    func wrote(_ key: String, _ value: String, version: UInt64, after began: Moment) throws(StoreError) {
        let (isPast, highest) = state.withLock { state in
            guard state.repairs == began.repairs else { return (true, state.highest) }
            if version > began.version, key.hasPrefix(SequenceRecord.keyPrefix), version > state.newest?.version ?? 0 {
                state.newest = WrittenRecord(key: key, value: value, version: version)
            }
            state.version = max(state.version, version)
            return (false, state.highest)
        }
        guard version <= began.version else { return }
        let error = versionFell(to: version, highest)
        // One from before the repair says nothing of the store as it is now, and is not to be used all the same.
        throw isPast ? error : notice(.wasSetBack(error))
    }

    /// The store was at this version, or had a record at it.
    func saw(version: UInt64, since began: Moment) {
        state.withLock { state in
            if state.repairs == began.repairs { state.version = max(state.version, version) }
        }
    }
}
