/// What the journal knows.
extension GrantJournal {
    struct State {
        /// The store's ID; nil before the first contact with a store.
        var storeID: UInt64?
        /// Whether the store was compared with what is recorded on this host.
        var isVerified = false
        /// The highest grant of this daemon, or of the previous daemon in its slot.
        var highest: Grant?
        /// This daemon's last grant. A restored store may lack it and have the highest one, which an earlier daemon was granted
        /// whose clock was ahead of this one's.
        var latest: Grant?
        var written: Grant?
        var version: UInt64 = 0
        /// The sequence record that was written last.
        var newest: WrittenRecord?
        /// When the store's floor had last been raised, according to the previous daemon's record.
        var inheritedRepair: UInt64 = 0
        /// How often a repair was detected. What calls have shown that began before the last one is not compared with the store.
        var repairs = 0
        /// The reading of the floor that showed the last repair. Calls that began after it are of the store as it was repaired.
        var repairReading: UInt64 = 0
        /// How many comparisons have read the store's floor.
        var floorReadings: UInt64 = 0
        /// The comparisons under way, by the number of their reading of the floor: the highest version that calls have shown
        /// which began after it.
        var shown: [UInt64: UInt64] = [:]
        /// The store's floor when the store was last found correct; a repair raises it.
        var floor: FloorRecord?
        /// Why the store is not used: it was found to be set back, and was not repaired since.
        var notice: Notice?

        /// All that is recorded is below a floor that was raised since. From now on the store's contents are taken as
        /// correct.
        mutating func wasRepaired(floor: FloorRecord, readAs reading: UInt64, newest: UInt64, storeID: UInt64) {
            self.storeID = storeID
            (highest, latest) = (nil, nil)
            self.newest = nil
            notice = nil
            version = newest
            repairs += 1
            repairReading = reading
            self.floor = floor
        }

        /// A call that began after so many readings of the floor has shown this version.
        mutating func show(_ version: UInt64, callAfter floorReadings: UInt64) {
            for reading in shown.keys where reading <= floorReadings {
                shown[reading] = max(shown[reading] ?? 0, version)
            }
        }

        mutating func inherit(_ grant: Grant) {
            version = grant.version
            newest = grant.newest
            inheritedRepair = grant.repairedAtUnixMilliseconds
            if grant.hasWorker { highest = grant }
        }

        private var lastRepair: UInt64 { max(inheritedRepair, floor?.raisedAtUnixMilliseconds ?? 0) }

        /// The last grant, if it is not the highest.
        var latestBesideHighest: Grant? {
            guard var grant = latest, grant.worker != highest?.worker || grant.limit != highest?.limit else {
                return nil
            }
            grant.repairedAtUnixMilliseconds = lastRepair
            return grant
        }

        /// All of it, in the form that is written; nil while there is nothing.
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
            grant.repairedAtUnixMilliseconds = lastRepair
            grant.storeName = context.storedName
            return grant
        }
    }

    /// The evidence that the store was set back.
    enum Notice {
        /// A version was assigned again, or a grant is missing. Only a repair settles this, because other daemons'
        /// writes hide it.
        case wasSetBack(StoreError)
        /// It is another store, or was emptied. The correct one may be put back.
        case isAnother(StoreError)
        /// It lacks something, and it was not asked since then whether it is another one.
        case isUnconfirmed(StoreError)

        var error: StoreError {
            switch self {
            case .wasSetBack(let error), .isAnother(let error), .isUnconfirmed(let error): error
            }
        }
    }
}
