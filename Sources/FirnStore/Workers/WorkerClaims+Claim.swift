extension WorkerClaims {
    private enum Attempt {
        case ended(ClaimOutcome)
        case conflict
    }

    func claimFixed(
        _ worker: UInt32,
        at now: StoreInstant,
        notBefore: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> ClaimOutcome {
        precondition(worker <= maximumWorker, "a fixed worker must be one of the layout's")
        precondition(!excludedWorkers.contains(worker), "a fixed worker must not be excluded")
        for _ in 0..<Self.maximumAttempts {
            let previous = try readWorker(worker)
            if let record = previous?.record, !Self.isFree(record, atTick: now.tick) {
                if let purpose = record.reservedFor { return .reserved(worker: worker, purpose: purpose) }
                if isFarAhead(record, atTick: now.tick) {
                    findings.add(FarAheadWorker(worker, record))
                    return .usedAhead(worker: worker, untilTick: record.freeFrom)
                }
                return record.limit > now.tick
                    ? .held(by: record.holder, untilTick: record.limit)
                    : .usedAhead(worker: worker, untilTick: record.freeFrom)
            }
            let attempt = try attempt(worker, after: previous, at: now, notBefore: notBefore, using: &random)
            if case .ended(let outcome) = attempt { return outcome }
        }
        return .noneFree(freeAtTick: now.tick, TakenWorkers())
    }

    /// Tries random workers, a few and then more, and lists all of them only when these were taken. So the cost of a
    /// claim does not depend on how many workers are held, up to all but a few of them.
    func claimAny(
        excluding excluded: Set<UInt32>,
        at now: StoreInstant,
        notBefore: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> ClaimOutcome {
        var draw = WorkerDraw(maximumWorker: maximumWorker, excluding: excluded, outside: excludedWorkers)
        // Those that the caller holds itself are not read by the probes.
        let own = UInt64(excluded.count { $0 <= maximumWorker && !excludedWorkers.contains($0) })
        var search = Search(taken: TakenWorkers(held: own))
        for count in probes {
            let outcome = try claim(
                oneOf: draw.next(count, using: &random),
                &search,
                at: now,
                notBefore: notBefore,
                using: &random
            )
            if let outcome { return outcome }
        }
        if draw.isExhausted || search.attempts >= Self.maximumAttempts { return try search.failed() }

        search.taken = TakenWorkers(held: own)
        let listed = try listTaken(at: now, except: excluded, &search)
        draw = WorkerDraw(
            maximumWorker: maximumWorker,
            excluding: listed.union(excluded),
            outside: excludedWorkers
        )
        // What is drawn is read again, because the list's pages are from different moments.
        for worker in draw.next(Self.maximumAttempts, using: &random) {
            let outcome = try claim(oneOf: [worker], &search, at: now, notBefore: notBefore, using: &random)
            if let outcome { return outcome }
        }
        return try search.failed()
    }

    /// What a search for a free worker has found.
    private struct Search {
        var attempts = 0
        /// When the first of the workers that it found taken becomes free.
        var freeAtTick: UInt64?
        /// Why the first of the records that it could not read cannot be read.
        var unreadable: StoreError?
        /// Those that it found taken, each once.
        var taken: TakenWorkers

        mutating func isFree(at tick: UInt64) {
            freeAtTick = min(freeAtTick ?? .max, tick)
        }

        /// If a record cannot be read, that may be the reason, and waiting does not help.
        func failed() throws(StoreError) -> ClaimOutcome {
            if let unreadable { throw unreadable }
            return .noneFree(freeAtTick: freeAtTick, taken)
        }
    }

    /// Claims the first free one of `workers`, which are in random order; another one if that is lost to another
    /// daemon. nil: all of them are taken.
    private func claim(
        oneOf workers: [UInt32],
        _ search: inout Search,
        at now: StoreInstant,
        notBefore: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> ClaimOutcome? {
        guard !workers.isEmpty else { return nil }
        for (worker, result) in zip(workers, store.read(workers.map(WorkerRecord.key))) {
            guard search.attempts < Self.maximumAttempts else { return nil }
            let previous: Stored?
            do throws(StoreError) {
                previous = try result.get().map { value throws(StoreError) in try Stored(worker, value) }
            } catch {
                guard error.isOfOneRecord else { throw error }
                found(unreadable: worker, error, &search)
                continue
            }
            if let record = previous?.record, !Self.isFree(record, atTick: now.tick) {
                found(taken: worker, record, at: now, &search)
                continue
            }
            let attempt = try attempt(worker, after: previous, at: now, notBefore: notBefore, using: &random)
            if case .ended(let outcome) = attempt { return outcome }
            search.attempts += 1
            search.taken.addHeld()
            search.isFree(at: now.tick)
        }
        return nil
    }

    /// All workers that are taken, read page by page, of which only the numbers are kept.
    ///
    /// - Parameter counted: workers that were counted before.
    private func listTaken(
        at now: StoreInstant,
        except counted: Set<UInt32>,
        _ search: inout Search
    ) throws(StoreError) -> Set<UInt32> {
        var taken: Set<UInt32> = []
        try forEachPage { page in
            for stored in page {
                // Keys that are no worker's do not keep others from being used.
                guard let worker = try? WorkerRecord.worker(ofKey: stored.key) else { continue }
                do throws(StoreError) {
                    let record = try WorkerRecord(key: stored.key, text: stored.value)
                    guard !Self.isFree(record, atTick: now.tick) else { continue }
                    found(taken: worker, record, at: now, isCounted: counted.contains(worker), &search)
                } catch {
                    found(unreadable: worker, error, &search)
                }
                taken.insert(worker)
            }
        }
        return taken
    }

    private func found(
        taken worker: UInt32,
        _ record: WorkerRecord,
        at now: StoreInstant,
        isCounted: Bool = false,
        _ search: inout Search
    ) {
        let isFarAhead = isFarAhead(record, atTick: now.tick)
        if isFarAhead { findings.add(FarAheadWorker(worker, record)) }
        guard worker <= maximumWorker, !excludedWorkers.contains(worker) else { return }
        if !isCounted { search.taken.add(record, isUsedAhead: isFarAhead || record.limit <= now.tick) }
        // What is reserved does not become free by itself.
        if !record.isReserved { search.isFree(at: record.freeFrom) }
    }

    /// How many workers of the layout are taken, of those that are not excluded. All records are read.
    package func countTaken(at now: StoreInstant) throws(StoreError) -> TakenWorkers {
        var search = Search(taken: TakenWorkers())
        _ = try listTaken(at: now, except: [], &search)
        return search.taken
    }

    /// It may be held, so it counts as taken.
    private func found(unreadable worker: UInt32, _ error: StoreError, _ search: inout Search) {
        findings.add(unreadable: worker, error)
        if !excludedWorkers.contains(worker) { search.unreadable = search.unreadable ?? error }
    }

    /// Throws an error that refuses: such a claim has failed, whatever the record contains afterwards.
    private func attempt(
        _ worker: UInt32,
        after previous: Stored?,
        at now: StoreInstant,
        notBefore: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> Attempt {
        let firstTick = Self.firstTick(after: previous?.record, nowTick: now.tick, notBefore: notBefore)
        guard firstTick <= maximumTick else { return .ended(.layoutEnded) }
        let record = WorkerRecord(
            generation: (previous?.record.generation ?? 0) + 1,
            limit: firstTick + min(windowTicks, maximumTick + 1 - firstTick),
            holder: holder,
            writeToken: random.next(),
            renewedAtUnixMilliseconds: now.unixMilliseconds,
            lessee: lessee
        )
        var held = HeldWorker(
            worker: worker,
            generation: record.generation,
            version: 0,
            firstTick: firstTick,
            limit: firstTick
        )
        let repairs = journal?.repairs ?? 0
        do throws(StoreError) {
            switch try store.write(
                WorkerRecord.key(worker),
                record.text,
                ifVersion: previous?.version,
                ifValue: previous?.record.text
            ) {
            case .conflict:
                return .conflict
            case .written(let version):
                // A repair or a restore that began in the meantime has either seen this record, or is seen here.
                if let floor = try verifiedFloor(), floor.limit.tick > firstTick {
                    return .ended(.belowFloor(untilTick: floor.limit.tick))
                }
                return .ended(.claimed(held.following(record, version: version)))
            }
        } catch {
            guard error.leavesDoubt else { throw error }
            held.doubt(write: record.writeToken, after: repairs)
            return .ended(.inDoubt(held, error))
        }
    }
}
