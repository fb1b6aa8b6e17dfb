/// An instant, in both of the forms that a record holds.
package struct StoreInstant: Hashable, Sendable {
    package var tick: UInt64
    package var unixMilliseconds: UInt64

    package init(tick: UInt64, unixMilliseconds: UInt64) {
        self.tick = tick
        self.unixMilliseconds = unixMilliseconds
    }
}

/// Which worker to claim.
package enum ClaimRule: Hashable, Sendable {
    /// A free one at random, none of `excluding` (those that this daemon itself holds).
    case any(excluding: Set<UInt32>)
    case fixed(UInt32)
}

/// The result of a claim.
package enum ClaimOutcome: Hashable, Sendable {
    case claimed(HeldWorker)
    /// The claim was written or not, which is not known, and the store failed. Read back before anything else.
    case inDoubt(HeldWorker, StoreError)
    /// Every worker is taken, or was claimed by another daemon during the attempt. The first one becomes free at this
    /// tick, unless it is extended; nil if all are excluded.
    case noneFree(freeAtTick: UInt64?)
    /// The fixed worker is taken.
    case held(by: Holder, untilTick: UInt64)
    /// The fixed worker was taken from a holder whose clock was ahead, and was used up to this tick.
    case usedAhead(worker: UInt32, untilTick: UInt64)
    /// The store's floor, which a repair raised, is above the current tick: nothing may begin before this tick.
    case belowFloor(untilTick: UInt64)
    /// The layout has no ticks left.
    case layoutEnded
}

/// Takes, extends and gives back workers by compare-and-swap on their records. It has no clock: time is passed in.
///
/// A record is changed only at the version that its writer last read, so that of two writers one fails and detects it.
/// A new holder raises the generation and begins at or above the stored limit. Only ``release(_:firstUnusedTick:at:)``
/// lowers a limit, and only its holder's own.
package struct WorkerClaims: Sendable {
    package let store: any Store
    package let holder: Holder
    /// The highest number that the layout has room for.
    package let maximumWorker: UInt32
    /// The layout's last tick.
    package let maximumTick: UInt64
    package let windowTicks: UInt64
    /// What the store is compared with before each claim; nil: nothing.
    package let journal: GrantJournal?

    /// How many workers one call tries before it gives up, so that a start of hundreds of daemons comes to an end.
    static let maximumAttempts = 16

    package init(
        store: any Store,
        holder: Holder,
        maximumWorker: UInt32,
        maximumTick: UInt64,
        windowTicks: UInt64,
        journal: GrantJournal? = nil
    ) {
        precondition(maximumTick < UInt64.max, "the tick after the last must have a number")
        precondition(windowTicks > 0, "a window holds at least one tick")
        self.store = store
        self.holder = holder
        self.maximumWorker = maximumWorker
        self.maximumTick = maximumTick
        self.windowTicks = windowTicks
        self.journal = journal
    }

    /// Claims a worker and its first window.
    ///
    /// The window begins at `notBefore` or later: the first tick that this daemon has not used on another worker,
    /// because IDs must not decrease when it changes. Throws if the store could not be read, or lacks what this daemon
    /// was granted; nothing was written then.
    package func claim(
        _ rule: ClaimRule,
        at now: StoreInstant,
        notBefore: UInt64 = 0,
        using random: inout some RandomNumberGenerator
    ) throws(StoreError) -> ClaimOutcome {
        if let floor = try verifiedFloor(), floor.limit.tick > now.tick {
            return .belowFloor(untilTick: floor.limit.tick)
        }
        return switch rule {
        case .any(let excluded): try claimAny(excluding: excluded, at: now, notBefore: notBefore, using: &random)
        case .fixed(let worker): try claimFixed(worker, at: now, notBefore: notBefore, using: &random)
        }
    }

    /// The store's floor, after the store was compared with this daemon's journal.
    func verifiedFloor() throws(StoreError) -> FloorRecord? {
        if let journal { try journal.verify(store) } else { try FloorRecord.read(store) }
    }

    /// The first tick of a new holder.
    static func firstTick(after previous: WorkerRecord?, nowTick: UInt64, notBefore: UInt64) -> UInt64 {
        max(nowTick, notBefore, previous?.freeFrom ?? 0)
    }

    static func isFree(_ record: WorkerRecord, atTick nowTick: UInt64) -> Bool {
        record.freeFrom <= nowTick
    }

    /// A record as it is in the store.
    struct Stored {
        var record: WorkerRecord
        var version: UInt64
    }

    func readWorker(_ worker: UInt32) throws(StoreError) -> Stored? {
        let key = WorkerRecord.key(worker)
        guard let stored = try store.read(key) else { return nil }
        return Stored(record: try WorkerRecord(key: key, text: stored.value), version: stored.version)
    }

    /// All workers with a record. A number above the layout's maximum is a mistake, and is refused.
    func readWorkers() throws(StoreError) -> [UInt32: Stored] {
        var workers: [UInt32: Stored] = [:]
        for stored in try store.list(prefix: WorkerRecord.keyPrefix) {
            let worker = try WorkerRecord.worker(ofKey: stored.key)
            guard worker <= maximumWorker else {
                throw StoreError(
                    code: .corrupt,
                    message: "the store has a record \(stored.key), and the layout's last worker is \(maximumWorker): "
                        + "remove it, Firn did not write it; record: \(stored.value)"
                )
            }
            let record = try WorkerRecord(key: stored.key, text: stored.value)
            workers[worker] = Stored(record: record, version: stored.version)
        }
        return workers
    }
}
