extension WorkerClaims {
    /// Raises the limit of a held worker. Also possible after the limit has passed: if the record is still this
    /// daemon's, no other has used the worker since.
    package func extend(
        _ held: HeldWorker,
        toLimit limit: UInt64,
        at now: StoreInstant,
        using random: inout some RandomNumberGenerator
    ) -> HoldOutcome {
        precondition(limit >= held.limit, "only a release lowers a limit")
        precondition(limit <= maximumTick + 1, "no window goes past the layout's last tick")
        let record = WorkerRecord(
            generation: held.generation,
            limit: limit,
            holder: holder,
            writeToken: random.next(),
            renewedAtUnixMilliseconds: now.unixMilliseconds
        )
        let repairs = journal?.repairs ?? 0
        do throws(StoreError) {
            switch try store.write(
                WorkerRecord.key(held.worker),
                record.text,
                ifVersion: held.version,
                ifValue: held.record?.text
            ) {
            case .written(let version):
                return .holding(held.following(record, version: version))
            case .conflict:
                // An earlier write of this daemon, which got no answer, may have arrived since.
                return reconcile(held)
            }
        } catch {
            if error.code == .setBack { return .setBack(error) }
            var doubtful = held
            doubtful.doubt(write: record.writeToken, after: repairs)
            return .inDoubt(doubtful, error)
        }
    }

    /// Reads the record back after a write that got no answer.
    ///
    /// The worker is this daemon's if generation and instance match, and if the last write is one of this daemon's: a
    /// cloned machine has the same instance. In all other cases the worker counts as lost, which is safe. A record is
    /// trusted only after the store was compared with this daemon's journal: a late write of this daemon may have
    /// arrived in a store that was restored in the meantime. After a repair, such a write counts for nothing.
    package func reconcile(_ held: HeldWorker) -> HoldOutcome {
        do throws(StoreError) {
            guard let stored = try readWorker(held.worker) else { return .lost(to: nil) }
            guard held.wrote(stored.record, version: stored.version, as: holder), stored.record.limit >= held.limit
            else { return .lost(to: stored.record) }
            if let floor = try verifiedFloor(), floor.limit.tick > held.limit { return .lost(to: stored.record) }
            if stored.version != held.version, held.isInDoubt(since: journal?.repairs ?? 0) {
                return .lost(to: stored.record)
            }
            return .holding(held.following(stored.record, version: stored.version))
        } catch {
            if error.code == .setBack { return .setBack(error) }
            return .inDoubt(held, error)
        }
    }

    /// Gives the rest of the window back, so that the next holder does not have to wait for it.
    ///
    /// `firstUnusedTick` and all after it must never have been used, and must not be used from now on, whatever the
    /// outcome.
    package func release(_ held: HeldWorker, firstUnusedTick: UInt64, at now: StoreInstant) -> ReleaseOutcome {
        let limit = max(held.firstTick, firstUnusedTick)
        guard limit < held.limit else { return .unneeded }
        let record = WorkerRecord(
            generation: held.generation,
            limit: limit,
            holder: holder,
            writeToken: WorkerRecord.givenBackToken,
            renewedAtUnixMilliseconds: now.unixMilliseconds
        )
        do throws(StoreError) {
            switch try store.write(
                WorkerRecord.key(held.worker),
                record.text,
                ifVersion: held.version,
                ifValue: held.record?.text
            ) {
            case .written: return .released(limit: limit)
            case .conflict: return .conflict
            }
        } catch {
            return .failed(error)
        }
    }
}
