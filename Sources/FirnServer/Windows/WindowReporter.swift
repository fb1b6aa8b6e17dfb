package import FirnEngine
package import FirnLayout
package import FirnStore
package import FirnWindows
internal import FirnWire
package import Logging

/// Reports the state of the daemon's workers: in the log when it changes, to readiness queries and to the metrics.
package final class WindowReporter: WindowObserver {
    private let layout: Layout
    private let claims: any WorkerSource
    private let availability: Availability
    private let logger: Logger
    private var clockReporter: ClockReporter
    private let meter: WindowMeter?
    private let watch: StoreWatch?

    /// - Parameters:
    ///   - meter: gets the state of the workers and the clock at every step; it has as many places as there are slots.
    ///   - watch: records what the renewer's thread waits for.
    package init(
        layout: Layout,
        claims: any WorkerSource,
        availability: Availability,
        meter: WindowMeter? = nil,
        watch: StoreWatch? = nil,
        logger: Logger
    ) {
        self.layout = layout
        self.claims = claims
        self.availability = availability
        self.meter = meter
        self.watch = watch
        self.logger = logger
        clockReporter = ClockReporter(layout: layout, logger: logger)
    }

    package func steered(_ steering: ClockSteering, moment: Moment) {
        clockReporter.steered(steering, moment: moment)
        meter?.steered(steering)
    }

    package func during<Result>(
        _ operation: String,
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        guard let watch else { return try body() }
        return try watch.during(operation, "", body)
    }

    package func stepped(_ standings: [WindowStanding], workersFarAhead: Int, now: Moment) {
        publish(standings.map(\.status), now: now)
        meter?.publish(standings.map(reading), workersFarAhead: workersFarAhead)
    }

    private func reading(_ standing: WindowStanding) -> WindowReading.Place {
        var storeError: StoreError?
        switch standing.status {
        case .serving(_, _, let error), .windowEnded(_, _, let error), .claiming(let error): storeError = error
        default: break
        }
        return WindowReading.Place(
            holding: standing.held.map {
                WindowReading.Holding(
                    worker: $0.worker,
                    generation: $0.generation,
                    firstTick: $0.firstTick,
                    limitTick: $0.limit
                )
            },
            isResting: standing.isResting,
            obstacle: reason(standing.status),
            storeError: storeError.map { "\($0)" }
        )
    }

    /// One worker's status has changed.
    package func changed(to status: WindowStatus, from previous: WindowStatus?) {
        switch status {
        case .serving(let worker, let limit, nil):
            // An extension each second is not worth a log line; a new worker, or a store that answers again, is.
            if case .serving(worker, _, nil)? = previous { return }
            if case .resting(worker, _)? = previous {
                return logger.debug("rest is over", metadata: ["worker": "\(worker)"])
            }
            logger.info(
                "worker held",
                metadata: ["worker": "\(worker)", "window_until": "\(time(limit))"]
            )
        case .serving(let worker, let limit, let error?):
            if case .serving(worker, _, .some)? = previous { return }
            logger.warning(
                "the store did not answer; IDs are given out until the window ends",
                metadata: ["worker": "\(worker)", "window_until": "\(time(limit))", "error": "\(error)"]
            )
        case .resting(let worker, let limit):
            // For a daemon that is called once in a while, this is no news.
            logger.debug("at rest", metadata: ["worker": "\(worker)", "window_until": "\(time(limit))"])
        default:
            guard let reason = reason(status) else { return }
            if let previous, Self.isSameNews(status, previous) || self.reason(previous) == reason { return }
            logger.warning("no IDs can be given out", metadata: ["reason": "\(reason)"])
        }
    }

    /// Whether only a time has changed. A holder extends its limit once per second, and a standby daemon does not have
    /// to log each extension. A reader gets the current limit.
    private static func isSameNews(_ status: WindowStatus, _ previous: WindowStatus) -> Bool {
        switch (status, previous) {
        case (.workerTaken(let holder, _), .workerTaken(let before, _)): holder == before
        case (.noWorkerFree(let tick, let taken), .noWorkerFree(let before, let takenBefore)):
            (tick == nil) == (before == nil) && taken.reserved == takenBefore.reserved
        default: false
        }
    }

    /// A worker's record is far ahead of the clock.
    package func found(_ farAhead: FarAheadWorker) {
        logger.warning(
            """
            a worker's record is far ahead: it is not used until that time, and other workers are not affected; \
            the clock of its holder was ahead, unless this host's clock is behind
            """,
            metadata: [
                "worker": "\(farAhead.worker)", "until": "\(time(farAhead.freeFromTick))",
                "holder": "\(farAhead.holder.text)",
            ]
        )
    }

    /// A worker's record cannot be read.
    package func found(unreadable error: StoreError) {
        logger.warning(
            "a worker's record cannot be read: the worker counts as taken, and other workers are not affected",
            metadata: ["error": "\(error)"]
        )
    }

    /// The window of a worker was given back, or could not be given back.
    package func released(_ held: HeldWorker, _ outcome: ReleaseOutcome) {
        switch outcome {
        case .released(let limit):
            logger.info(
                "worker given back",
                metadata: ["worker": "\(held.worker)", "free_from": "\(time(limit))"]
            )
        case .unneeded:
            break
        case .conflict, .failed:
            logger.warning(
                "worker not given back; it becomes free when its window has passed",
                metadata: [
                    "worker": "\(held.worker)", "free_from": "\(time(held.limit))",
                    "error": "\(outcome.reason ?? "")",
                ]
            )
        }
    }

    /// When a tick begins, rounded to the millisecond: ticks of other lengths may begin between two milliseconds.
    private func time(_ tick: UInt64) -> UTCTime {
        layout.roundedTime(ofTick: tick)
    }

    /// A grant could not be recorded apart from the store.
    package func notRemembered(_ error: StoreError) {
        Self.notRemembered(error, logger)
    }

    static func notRemembered(_ error: StoreError, _ logger: Logger) {
        logger.warning(
            "what the store grants cannot be remembered: if it is restored from an older copy, nobody may notice",
            metadata: ["error": "\(error)"]
        )
    }

    /// Publishes whether IDs are available, for callers and probes: the daemon is ready when every worker is.
    private func publish(_ statuses: [WindowStatus], now: Moment) {
        // A call that finds an ended space gets the same status. Calls that find no space get it too.
        if statuses.contains(.layoutEnded) { return availability.ended(.ended(layout)) }
        let retryTicks = claims.windowTicks / 30
        let retry = UInt32(clamping: max(10, retryTicks * layout.tickNanoseconds / 1_000_000))
        let obstacles = statuses.lazy.compactMap { status in self.reason(status).map { (status, $0) } }
        if let (status, reason) = obstacles.first {
            availability.becameUnready(reason, retryAfterMilliseconds: wait(status, now: now) ?? min(retry, 1000))
        } else {
            availability.becameReady()
        }
    }

    /// How long the state will certainly not change, in milliseconds, up to a minute; `nil` when this is not known.
    private func wait(_ status: WindowStatus, now: Moment) -> UInt32? {
        let untilTick: UInt64
        switch status {
        case .workerUsedAhead(_, let tick), .belowFloor(let tick): untilTick = tick
        default: return nil
        }
        let ticks = untilTick - min(untilTick, now.tick)
        let (nanoseconds, isTooMuch) = ticks.multipliedReportingOverflow(by: layout.tickNanoseconds)
        return isTooMuch
            ? Self.longestWait : UInt32(clamping: min(max(10, nanoseconds / 1_000_000), UInt64(Self.longestWait)))
    }

    private static let longestWait: UInt32 = 60_000

    /// Why a worker with this status gives out no IDs, and what to do; `nil` when it gives out IDs.
    package func reason(_ status: WindowStatus) -> String? {
        switch status {
        case .serving, .resting:
            return nil
        case .claiming(nil):
            return "no worker is claimed yet; it is being tried"
        case .claiming(let error?) where error.code == .setBack:
            return error.message
        case .claiming(let error?):
            return "no worker can be claimed, for the store fails; it is tried again: \(error)"
        case .workerTaken(let holder, let untilTick):
            return "the worker is held by \(holder.text) until \(time(untilTick)) at least; "
                + "stop that daemon, wait, or give this one another --worker"
        case .workerUsedAhead(let worker, let untilTick):
            return "worker \(worker) was used up to \(time(untilTick)) by a daemon whose clock was ahead; give this "
                + "daemon another --worker or 'auto', or wait until then; set this host's clock, if it is behind"
        case .workerReserved(let worker, let purpose):
            return "worker \(worker) is reserved for \(purpose); give this daemon another --worker or 'auto', or run "
                + "'firn workers unreserve \(worker)' once \(purpose) makes no more IDs"
        case .belowFloor(let untilTick):
            return "the store was repaired or adopted, and no ID before \(time(untilTick)) may be given out; "
                + "it is waited for, unless this host's clock is behind: then set it"
        case .noWorkerFree(let freeAtTick, let taken):
            let when = freeAtTick.map { "the first is free at \(time($0)) unless it is extended" }
            let others = claims.excludedWorkers.isEmpty ? "" : " that --exclude-workers leaves"
            let counts =
                taken.count == claims.workerCount
                ? "taken: \(taken.text)"
                : "held, reserved, or unused since a daemon's clock was ahead"
            return "all \(claims.workerCount) workers of the layout\(others) are \(counts) (firn workers list); "
                + "\(when ?? "none of them becomes free by itself"); "
                + "\(taken.advice(stop: "stop a daemon"))or choose a layout with more workers"
        case .windowEnded(let worker, let limit, let error):
            return "the window of worker \(worker) ended at \(time(limit)) and could not be extended; "
                + "it is tried again: \(error.map { "\($0)" } ?? "the store has not answered yet")"
        case .layoutEnded:
            return Status.ended(layout).message
        case .stopping, .stopped:
            return "the daemon is stopping"
        }
    }
}
