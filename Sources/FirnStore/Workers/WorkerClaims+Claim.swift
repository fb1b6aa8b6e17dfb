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
        for _ in 0..<Self.maximumAttempts {
            let previous = try readWorker(worker)
            if let record = previous?.record, !Self.isFree(record, atTick: now.tick) {
                return record.limit > now.tick
                    ? .held(by: record.holder, untilTick: record.limit)
                    : .usedAhead(worker: worker, untilTick: record.freeFrom)
            }
            let attempt = try attempt(worker, after: previous, at: now, notBefore: notBefore, using: &random)
            if case .ended(let outcome) = attempt { return outcome }
        }
        return .noneFree(freeAtTick: now.tick)
    }

    func claimAny(
        excluding excluded: Set<UInt32>,
        at now: StoreInstant,
        notBefore: UInt64,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> ClaimOutcome {
        let workers = try readWorkers()
        var taken = excluded.filter { $0 <= maximumWorker }
        var freeAtTick: UInt64?
        for (worker, stored) in workers where !Self.isFree(stored.record, atTick: now.tick) {
            if taken.insert(worker).inserted {
                freeAtTick = min(freeAtTick ?? UInt64.max, stored.record.freeFrom)
            }
        }
        for _ in 0..<Self.maximumAttempts {
            guard let worker = randomWorker(exceptFor: taken, using: &random) else {
                return .noneFree(freeAtTick: freeAtTick)
            }
            let attempt = try attempt(worker, after: workers[worker], at: now, notBefore: notBefore, using: &random)
            if case .ended(let outcome) = attempt { return outcome }
            taken.insert(worker)
            freeAtTick = now.tick
        }
        return .noneFree(freeAtTick: now.tick)
    }

    /// Any worker outside of `taken` is equally likely. No list of the others is made, because there may be 65,536.
    private func randomWorker(exceptFor taken: Set<UInt32>, using random: inout some RandomNumberGenerator) -> UInt32? {
        let free = UInt64(maximumWorker) + 1 - UInt64(taken.count)
        guard free > 0 else { return nil }
        var choice = UInt64.random(in: 0..<free, using: &random)
        for worker in taken.sorted() where UInt64(worker) <= choice {
            choice += 1
        }
        return UInt32(choice)
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
            renewedAtUnixMilliseconds: now.unixMilliseconds
        )
        var held = HeldWorker(
            worker: worker,
            generation: record.generation,
            version: 0,
            firstTick: firstTick,
            limit: firstTick
        )
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
            held.doubt(write: record.writeToken)
            return .ended(.inDoubt(held, error))
        }
    }
}
