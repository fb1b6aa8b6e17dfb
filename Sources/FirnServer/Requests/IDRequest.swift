internal import FirnEngine
internal import FirnLayout
internal import FirnWire

/// A request for IDs that waits for its shard's ticks.
struct IDRequest {
    let callID: UInt64
    /// When it arrived, in boot nanoseconds.
    let began: Int64
    /// The deadline in boot nanoseconds; `.max`: none.
    let deadline: Int64
    /// IDs that it still has to get.
    var remaining: UInt32
    let method: CallMethod

    /// The result of a turn.
    enum Progress {
        case answered(Response.Outcome)
        /// The share was used.
        case shareUsed
        /// The current tick has no more.
        case waits(untilTick: UInt64)
        /// The windows were at rest: ``StoreAnswer/windows`` will follow.
        case waitsForWindow
        /// There is no window now. Only inside of ``advance(from:share:gathered:_:)``.
        case closed
    }

    /// Takes IDs of the current tick, at most `share`, which is reduced by the number of IDs taken.
    ///
    /// - Parameter gathered: the runs that it was given before; empty once it is answered.
    @inline(__always)
    mutating func advance(
        from shard: some IDShard,
        share: inout UInt64,
        gathered: inout GatheredRuns,
        _ service: IDService
    ) -> Progress {
        let progress = attempt(from: shard, share: &share, gathered: &gathered, service)
        guard case .closed = progress else { return progress }
        return withoutWindow(from: shard, share: &share, gathered: &gathered, service)
    }

    @inline(never)
    private mutating func withoutWindow(
        from shard: some IDShard,
        share: inout UInt64,
        gathered: inout GatheredRuns,
        _ service: IDService
    ) -> Progress {
        if service.awaitsWindow() { return .waitsForWindow }
        // The rest may have ended after the attempt.
        let progress = attempt(from: shard, share: &share, gathered: &gathered, service)
        guard case .closed = progress else { return progress }
        return .answered(.error(service.closed))
    }

    @inline(__always)
    private mutating func attempt(
        from shard: some IDShard,
        share: inout UInt64,
        gathered: inout GatheredRuns,
        _ service: IDService
    ) -> Progress {
        let now = service.moment.tick
        guard method == .nextBatch else {
            switch shard.nextID(now: now) {
            case .minted(let id):
                share -= 1
                return .answered(.nextID(id))
            case .full(let tick): return Self.wait(for: tick, service)
            case .closed: return .closed
            case .expired: return .answered(.error(service.expired))
            }
        }
        while remaining > 0 {
            guard share > 0 else { return .shareUsed }
            switch shard.nextRun(upTo: UInt32(min(UInt64(remaining), share)), now: now) {
            case .minted(let run):
                gathered.append(run, tick: now)
                remaining -= run.count
                share -= UInt64(run.count)
            case .full(let tick): return Self.wait(for: tick, service)
            case .closed: return .closed
            case .expired: return .answered(.error(service.expired))
            }
        }
        return .answered(.nextBatch(gathered.take()))
    }

    private static func wait(for tick: UInt64, _ service: IDService) -> Progress {
        service.objection(toWaitingFor: tick).map { .answered(.error($0)) } ?? .waits(untilTick: tick)
    }
}
