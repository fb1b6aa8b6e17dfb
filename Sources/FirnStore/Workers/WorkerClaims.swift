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
    /// tick, unless it is extended; nil if all are excluded or reserved. What was counted is less than all workers if
    /// others were faster each time.
    case noneFree(freeAtTick: UInt64?, TakenWorkers)
    /// The fixed worker is taken.
    case held(by: Holder, untilTick: UInt64)
    /// The fixed worker was used up to this tick by a holder whose clock was ahead. It was taken from that holder, or
    /// the tick is so far off that no clock is behind by as much.
    case usedAhead(worker: UInt32, untilTick: UInt64)
    /// The fixed worker is kept from all daemons, for what an operator said: see ``WorkerReservation``.
    case reserved(worker: UInt32, purpose: String)
    /// The store's floor, which an operator raised, is above the current tick: nothing may begin before this tick.
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
    package private(set) var holder: Holder
    /// The service that a worker is claimed for, when the holder leases it.
    private(set) var lessee: String?
    /// The highest number that the layout has room for.
    package let maximumWorker: UInt32
    /// Those that are never drawn, nor claimed when they are asked for.
    package let excludedWorkers: WorkerSet
    /// The layout's last tick.
    package let maximumTick: UInt64
    package private(set) var windowTicks: UInt64
    /// What the store is compared with before each claim; nil: nothing.
    package let journal: GrantJournal?
    /// How far ahead a limit is that no window explains, and which is then believed only of several hosts: see
    /// ``ClockJudgement``.
    package let outlierTicks: UInt64
    /// Identifies this host's clock, which all its containers share; nil if that is not known.
    package let clockID: UInt64?
    /// How old a host's word in the record `clock` may be before the host gives it again.
    package let testimonyTicks: UInt64
    package let findings: WorkerFindings

    /// How many workers one call tries before it gives up, so that a start of hundreds of daemons comes to an end.
    static let maximumAttempts = 16

    /// How many random workers a claim reads at once before it lists all of them. Four are enough for nearly every
    /// store, and cost one round trip like a single one. With 60,000 of 65,536 workers taken, all 84 find a free one in
    /// 999 of 1,000 cases. No number is above the 128 operations that an etcd transaction may have.
    var probes = [4, 16, 64]

    /// The number of records that are listed at once.
    var pageLength = 1000

    /// The number of records that are read to judge a clock. A smaller fleet is read whole.
    var evidenceCount = 64

    package init(
        store: any Store,
        holder: Holder,
        maximumWorker: UInt32,
        excludedWorkers: WorkerSet = WorkerSet(),
        maximumTick: UInt64,
        windowTicks: UInt64,
        journal: GrantJournal? = nil,
        outlierTicks: UInt64 = .max,
        clockID: UInt64? = nil,
        testimonyTicks: UInt64 = 0,
        findings: WorkerFindings = WorkerFindings()
    ) {
        precondition(maximumTick < UInt64.max, "the tick after the last must have a number")
        precondition(windowTicks > 0, "a window holds at least one tick")
        self.store = store
        self.holder = holder
        precondition(excludedWorkers.last ?? 0 <= maximumWorker, "what is excluded is of the layout")
        self.maximumWorker = maximumWorker
        self.excludedWorkers = excludedWorkers
        self.maximumTick = maximumTick
        self.windowTicks = windowTicks
        self.journal = journal
        self.outlierTicks = outlierTicks
        self.clockID = clockID
        self.testimonyTicks = testimonyTicks
        self.findings = findings
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

    /// The same, to claim a worker for somebody else.
    func leasing(to lessee: String, holder: Holder, windowTicks: UInt64) -> WorkerClaims {
        precondition(windowTicks > 0, "a window holds at least one tick")
        var claims = self
        (claims.holder, claims.lessee, claims.windowTicks) = (holder, lessee, windowTicks)
        return claims
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
        !record.isReserved && record.freeFrom <= nowTick
    }

    /// A record as it is in the store.
    struct Stored {
        var record: WorkerRecord
        var version: UInt64

        init(_ worker: UInt32, _ value: StoredValue) throws(StoreError) {
            record = try WorkerRecord(key: WorkerRecord.key(worker), text: value.value)
            version = value.version
        }
    }

    func readWorker(_ worker: UInt32) throws(StoreError) -> Stored? {
        guard let value = try store.read(WorkerRecord.key(worker)) else { return nil }
        return try Stored(worker, value)
    }

    /// Calls `body` with all records of workers, page by page. The pages are not read at one moment.
    func forEachPage(_ body: ([StoredRecord]) throws(StoreError) -> Void) throws(StoreError) {
        var last: String?
        while true {
            let page = try store.list(prefix: WorkerRecord.keyPrefix, after: last, limit: pageLength)
            try body(page)
            guard page.count == pageLength else { return }
            last = page.last?.key
        }
    }
}
