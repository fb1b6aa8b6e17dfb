internal import FirnEngine
internal import FirnLayout
internal import FirnStore
internal import FirnWire

/// Why a call for a lease is refused, and when it is worth asking again.
extension LeaseDesk {
    /// The shortest window, in milliseconds: a shorter one ends before its holder has extended it over a network.
    private static let minimumWindow: UInt64 = 100

    static func checkWindow(_ milliseconds: UInt64) throws(Status) {
        guard milliseconds > 0, milliseconds < minimumWindow else { return }
        throw Status(
            .invalidArgument,
            "a window of \(milliseconds) ms was asked for; ask for \(minimumWindow) ms or more, or leave it out for the daemon's "
                + "--lease-window"
        )
    }

    /// Refuses a holder whose clock is off by more than half of its window: it would mint nothing for most of it.
    func checkClock(_ unixMilliseconds: UInt64, windowTicks: UInt64, at moment: Moment) throws(Status) {
        guard unixMilliseconds > 0 else { return }
        let own = UInt64(max(0, moment.unixNanoseconds) / 1_000_000)
        let difference = max(own, unixMilliseconds) - min(own, unixMilliseconds)
        let (window, isLong) = windowTicks.multipliedReportingOverflow(by: layout.tickNanoseconds)
        let allowed = min(
            UInt64(clamping: configuration.clockTolerance.nanoseconds / 1_000_000),
            isLong ? .max : window / 2_000_000
        )
        guard difference > allowed else { return }
        throw Status(
            .failedPrecondition,
            "the caller's clock is \(difference) ms \(unixMilliseconds > own ? "ahead of" : "behind") the daemon's, and "
                + "\(allowed) ms are allowed, half of the lease or --clock-tolerance; set the clock that is wrong"
        )
    }

    /// Refuses a lease that would begin later than the longest one ends: it would keep its worker from others until then.
    func checkBeginning(_ notBefore: UInt64, at moment: Moment) throws(Status) {
        guard notBefore < Space.endTick(of: layout) else {
            throw Status(
                .failedPrecondition,
                "the lease is wanted from tick \(notBefore) on, and the last one of the layout \(layout.name) is "
                    + "\(Space.endTick(of: layout) - 1); correct the caller's clock or its layout"
            )
        }
        guard notBefore > moment.tick, notBefore - moment.tick > leases.maximumWindowTicks else { return }
        throw Status(
            .unavailable,
            "the lease is wanted from \(layout.roundedTime(ofTick: notBefore)) on, as after a clock that was "
                + "ahead, and leases begin within \(configuration.maximumWindow); ask again later",
            retryAfterMilliseconds: 10_000
        )
    }

    func noRoom(_ count: Int, firstEnd: UInt64, at moment: Moment) -> Status {
        Status(
            .resourceExhausted,
            "\(count) leases of this daemon are held, as many as --max-leases allows; release one, ask another daemon, or "
                + "raise the limit",
            // One may be released earlier, and one that is extended ends later.
            retryAfterMilliseconds: max(1000, wait(until: firstEnd, at: moment))
        )
    }

    /// Milliseconds until a tick, at most 10 s.
    private func wait(until tick: UInt64, at moment: Moment) -> UInt32 {
        let milliseconds = clock.nanoseconds(from: moment, untilTick: tick) / 1_000_000
        return UInt32(clamping: max(1, min(milliseconds, 10_000)))
    }

    func refusal(_ outcome: ClaimOutcome, at moment: Moment) -> Status {
        switch outcome {
        case .noneFree(let freeAtTick, let taken):
            let counts = taken.count == leases.workerCount ? "taken: \(taken.text)" : "held or reserved"
            return Status(
                .unavailable,
                "all \(leases.workerCount) workers of the layout \(layout.name) are \(counts) (firn workers list); "
                    + "\(taken.advice(stop: "release a lease, stop a daemon"))or take a layout with more workers",
                retryAfterMilliseconds: freeAtTick.map { wait(until: $0, at: moment) } ?? 1000
            )
        case .belowFloor(let untilTick):
            return Status(
                .unavailable,
                "the store was repaired or adopted, and no ID before \(layout.roundedTime(ofTick: untilTick)) may be given out; wait "
                    + "until then",
                retryAfterMilliseconds: wait(until: untilTick, at: moment)
            )
        default:
            return .ended(layout)
        }
    }

    func lost(_ lease: WorkerLease, _ outcome: LeaseHoldOutcome) -> Status {
        let why: String
        switch outcome {
        case .lost(let record?) where record.generation == lease.generation && record.isGivenBack:
            why = "it was released"
        case .lost(let record?) where record.generation == lease.generation && record.holder.instance == lease.instance:
            why = "another process extended it, or this is not its last state, or the store was repaired"
        case .lost(let record?) where record.generation < lease.generation:
            why = "the store has generation \(record.generation) of it"
        case .lost(let record?) where record.holder.isOperator:
            why = "\(record.holder.text) took it, with generation \(record.generation)"
        case .lost(let record?):
            let lessee = record.lessee.map { "\($0), " } ?? ""
            why = "generation \(record.generation) is held by \(lessee)\(record.holder.text)"
        default:
            why = "the store has no record of it"
        }
        return Status(
            .aborted,
            "the lease of worker \(lease.worker), generation \(lease.generation), is lost: \(why). Mint nothing more with it, and lease "
                + "another"
        )
    }
}

extension Status {
    init(_ what: String, _ error: StoreError) {
        self.init(.unavailable, "\(what): \(error)", retryAfterMilliseconds: 1000)
    }

    /// The store failed while a lease was changed: whether it was is not known, unless the store was set back.
    init(of lease: WorkerLease, _ error: StoreError) {
        self =
            error.isOfAnotherStore
            ? Status(
                .aborted,
                "the lease \(lease.generation) of worker \(lease.worker) is lost: \(error). Mint nothing more with it"
            ) : Status("the lease \(lease.generation) of worker \(lease.worker) could not be changed", error)
    }
}
