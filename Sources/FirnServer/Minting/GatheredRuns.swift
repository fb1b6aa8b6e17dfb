internal import FirnEngine
internal import FirnLayout
internal import FirnWire

/// The runs that a call was given so far, in this tick and those before.
struct GatheredRuns {
    private(set) var runs: [Run] = []
    private var lastTick: UInt64 = 0

    mutating func append(_ run: Run, tick: UInt64) {
        // Runs of one tick that touch become one; across ticks they stay apart, for a run is all of one tick.
        if let last = runs.last, lastTick == tick, last.stride == run.stride,
            last.first.rawValue + UInt64(last.count) * last.stride == run.first.rawValue
        {
            runs[runs.count - 1].count += run.count
        } else {
            runs.append(run)
        }
        lastTick = tick
    }

    mutating func removeAll() {
        runs.removeAll(keepingCapacity: true)
    }

    /// How far the present tick went.
    enum Gathering {
        /// All are here.
        case all
        /// The share was used.
        case shareUsed
        /// The rest is to be had in this tick.
        case waits(untilTick: UInt64)
        /// The rest is not to be had, or not worth the wait.
        case refused(Status)
    }

    /// Takes what the present tick has of the `remaining` IDs, at most `share`; both shrink by what was taken.
    @inline(__always)
    mutating func gather(
        _ remaining: inout UInt32,
        share: inout UInt64,
        from shard: Shard,
        _ service: IDService
    ) -> Gathering {
        let now = service.moment.tick
        while remaining > 0 {
            guard share > 0 else { return .shareUsed }
            switch shard.nextRun(upTo: UInt32(min(UInt64(remaining), share)), now: now) {
            case .minted(let run):
                append(run, tick: now)
                remaining -= run.count
                share -= UInt64(run.count)
            case .full(let tick):
                guard let objection = service.objection(toWaitingFor: tick) else { return .waits(untilTick: tick) }
                return .refused(objection)
            case .closed: return .refused(service.closed)
            case .expired: return .refused(service.expired)
            }
        }
        return .all
    }
}
