internal import Synchronization

/// Comparing the store with the journal.
extension GrantJournal {
    /// Checks whether the store still has what this daemon was granted, or was repaired since.
    ///
    /// - Returns: the store's floor, if it has one: no claim may begin below it.
    /// - Throws: `.setBack`, with both times and what to do; any error of reading.
    @discardableResult
    package func verify(_ store: some Store) throws(StoreError) -> FloorRecord? {
        // Read before the store is called, because other threads may record higher versions in the meantime.
        var known = state.withLock { $0 }
        // So are the slots: any version of the store that is read later and is lower shows a restore.
        let recorded = known.isVerified ? [] : try recordedGrants?() ?? []
        let floor = try FloorRecord.read(store)
        let reading = state.withLock { state in
            state.floorReadings += 1
            state.shown[state.floorReadings] = 0
            return state.floorReadings
        }
        defer { state.withLock { _ = $0.shown.removeValue(forKey: reading) } }
        let identity = try identity(of: store)
        var own: [Grant] = []
        for grant in [known.remembered(context), known.latestBesideHighest].compactMap(\.self)
        where try !isSettled(grant, by: floor, in: identity, store) {
            own.append(grant)
        }
        // Read last: what it shows is kept before the store is called again.
        let (newest, seen) = try version(of: store, known)
        if let identity, own.isEmpty, let floor, floor.isRaised(since: known.floor) {
            guard let repaired = try repaired(floor, newest: newest, identity, since: reading, known, store) else {
                return try verify(store)
            }
            known = repaired
        } else {
            try verify(store, identity, newest: newest, seen: seen, own: own, known: known)
        }
        let others = known.isVerified ? [] : try verifyOthers(recorded, store, floor, newest: newest, known)
        state.withLock { state in
            if case .isAnother? = state.notice { state.notice = nil }
            state.isVerified = true
            state.floor = floor
            state.version = max(state.version, newest, others.map(\.version).max() ?? 0)
        }
        return floor
    }

    /// The store was repaired: forgets what was known about it before. What calls have shown which began after the floor was
    /// read is evidence about the store as it was repaired: it may have been restored once more since.
    ///
    /// - Returns: what is known now. Nil if another thread has found it repaired meanwhile: what was granted since must not be
    ///   forgotten.
    private func repaired(
        _ floor: FloorRecord,
        newest: UInt64,
        _ identity: UInt64,
        since reading: UInt64,
        _ known: State,
        _ store: some Store
    ) throws(StoreError) -> State? {
        let shown = state.withLock { $0.shown[reading] ?? 0 }
        // The answer may have been overtaken by another thread's.
        let newest = newest < shown ? try store.highestVersion() : newest
        let now = state.withLock { state -> State? in
            guard state.repairs == known.repairs else {
                if state.floor == floor {
                    state.version = max(state.version, shown)
                    state.repairReading = min(state.repairReading, reading)
                }
                return nil
            }
            state.wasRepaired(floor: floor, readAs: reading, newest: max(newest, shown), storeID: identity)
            return state
        }
        if let now, newest < shown { throw evidence(versionFell(to: newest, nil), now) }
        return now
    }

    /// The store's version, and the highest that this daemon had seen before it asked for it: the store was set back if the
    /// version is below that.
    ///
    /// Two threads may ask at the same time, and the lower answer may come second. Whether the store gave it first is not
    /// known then, so it is asked again.
    private func version(
        of store: some Store,
        _ known: State
    ) throws(StoreError) -> (newest: UInt64, seen: UInt64) {
        let before = seenVersion(known)
        let first = try store.highestVersion()
        let during = seenVersion(known)
        guard first >= before, first < during else { return (first, before) }
        return (try store.highestVersion(), during)
    }

    /// The highest version that this daemon has seen, unless the store was found repaired since.
    private func seenVersion(_ known: State) -> UInt64 {
        state.withLock { $0.repairs == known.repairs ? $0.version : 0 }
    }

    /// The store's ID, from its own record; nil if it has none, for example after it was emptied.
    ///
    /// - Throws: `.layoutDiffers` for a store of other daemons.
    private func identity(of store: some Store) throws(StoreError) -> UInt64? {
        guard let layout = context.layout else { return storeID }
        guard let record = try LayoutRecord.read(store) else { return nil }
        try record.compare(with: layout)
        return record.storeID
    }

    /// Compares a store that was not repaired since with what is known about it.
    private func verify(
        _ store: some Store,
        _ identity: UInt64?,
        newest: UInt64,
        seen: UInt64,
        own: [Grant],
        known: State
    ) throws(StoreError) {
        if case .wasSetBack(let error)? = known.notice { throw error }
        if identity != storeID { throw notice(.isAnother(otherStore(identity, known.highest))) }
        // The store's ID has been read again since something was missing: it is the right one.
        if case .isUnconfirmed(let error)? = known.notice { throw notice(.wasSetBack(error)) }
        if newest < max(known.version, own.first?.version ?? 0, seen) {
            throw evidence(versionFell(to: newest, known.highest), known)
        }
        // The right store was put back. Otherwise reading a record that a write in doubt had left there would fail below,
        // and with it this comparison, forever.
        state.withLock { state in
            if case .isAnother? = state.notice { state.notice = nil }
        }
        for grant in own {
            if let error = try mismatch(grant, store) { throw evidence(error, known) }
        }
    }

    /// What the store lacks is remembered until a repair, unless another store was put in its place since the comparison
    /// began: then the right one may be put back. Which of the two it is, the next comparison tells. It is not asked here,
    /// because until the answer IDs would be given out, and without an answer the evidence would be lost.
    private func evidence(_ error: StoreError, _ known: State) -> StoreError {
        state.withLock { state in
            // Another thread has found it repaired since.
            guard state.repairs == known.repairs else { return error }
            if case .wasSetBack(let error)? = state.notice { return error }
            state.notice = .isUnconfirmed(error)
            return error
        }
    }

    func notice(_ notice: Notice) -> StoreError {
        state.withLock { $0.notice = notice }
        return notice.error
    }

    /// Why the store is not used, if it was found to be set back and was not repaired since.
    package var setBackError: StoreError? {
        state.withLock { $0.notice?.error }
    }

    /// Compares the store with what other daemons of this host have recorded, whether they still run or not.
    private func verifyOthers(
        _ recorded: [Grant],
        _ store: some Store,
        _ floor: FloorRecord?,
        newest: UInt64,
        _ known: State
    ) throws(StoreError) -> [Grant] {
        let storeID = storeID
        var grants: [Grant] = []
        for grant in recorded where grant.storeID == storeID || grant.address == context.address {
            if try !isSettled(grant, by: floor, in: storeID, store) { grants.append(grant) }
        }
        // The last one written and the highest: when the store has these, it has all before them.
        let latest = grants.max { $0.version < $1.version }
        let highest = grants.max { $0.limit.unixMilliseconds < $1.limit.unixMilliseconds }
        let foreign = grants.first { $0.storeID != storeID }
        let sequence = grants.max { $0.newest?.version ?? 0 < $1.newest?.version ?? 0 }
        for grant in Set([latest, highest, foreign, sequence].compactMap(\.self)) {
            if let error = try mismatch(grant, store) {
                if grant.storeID == storeID { throw evidence(error, known) }
                throw notice(.isAnother(error))
            }
        }
        let last = grants.filter { $0.storeID == storeID }.max { $0.version < $1.version }
        if let last, newest < last.version { throw evidence(versionFell(to: newest, last), known) }
        // What was read in between may be newer than the first reading.
        let (version, seen) = try version(of: store, known)
        if version < max(newest, seen) { throw evidence(versionFell(to: version, known.highest), known) }
        if let last, version < last.version { throw notice(.wasSetBack(versionFell(to: version, last))) }
        return grants
    }

    /// Whether a repair that came after the grant was written has settled it: the grant is below the store's floor, or
    /// its worker is kept unused up to it, because the floor was not to be raised that far (``WorkerUse``).
    private func isSettled(
        _ grant: Grant,
        by floor: FloorRecord?,
        in storeID: UInt64?,
        _ store: some Store
    ) throws(StoreError) -> Bool {
        guard let floor, floor.raisedAtUnixMilliseconds > grant.repairedAtUnixMilliseconds else { return false }
        if covers(floor, grant, in: storeID) { return true }
        let key = WorkerRecord.key(grant.worker)
        guard grant.hasWorker, let stored = try store.read(key) else { return false }
        let record = try WorkerRecord(key: key, text: stored.value)
        return record.generation > grant.generation && record.used ?? 0 >= grant.limit.tick
    }

    private func covers(_ floor: FloorRecord, _ grant: Grant, in storeID: UInt64?) -> Bool {
        // Another store may count its ticks differently.
        grant.storeID == storeID
            ? floor.limit.tick >= grant.limit.tick : floor.limit.unixMilliseconds >= grant.limit.unixMilliseconds
    }

    /// What the store lacks of a grant; nil if nothing.
    ///
    /// A later holder's limit may be lower only if an operator stated that the earlier one is dead. The holder's own
    /// limit may be lower only if the holder gave the worker back.
    private func mismatch(_ grant: Grant, _ store: some Store) throws(StoreError) -> StoreError? {
        guard grant.storeID == storeID else { return otherStore(storeID, grant) }
        if let newest = grant.newest, try !newest.isIn(store) { return lacks(newest) }
        guard grant.hasWorker else { return nil }
        let key = WorkerRecord.key(grant.worker)
        guard let stored = try store.read(key) else { return setBack(grant, "has no record \(key)") }
        let record = try WorkerRecord(key: key, text: stored.value)
        if record.generation > grant.generation { return nil }
        if record.generation == grant.generation, record.isGivenBack || record.limit >= grant.limit.tick { return nil }
        let until = context.text(context.unixMilliseconds(record.limit))
        return setBack(grant, "has worker \(grant.worker) used up to \(until) by its holder \(record.generation)")
    }
}
