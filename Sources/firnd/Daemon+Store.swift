internal import FirnConfiguration
internal import FirnEngine
internal import FirnLayout
internal import FirnSQLite
internal import FirnServer
internal import FirnStore
internal import FirnWindows
internal import Glibc
internal import Logging
internal import Synchronization

/// The store, and what was recorded of it.
extension Daemon {
    func makeJournal() throws -> GrantJournal {
        let layout = configuration.layout
        let context = GrantJournal.Context(
            storeName: configuration.store.name(configuration.remote),
            isOfDaemons: configuration.store.isOfDaemons,
            layout: layout.sharedText,
            unixMilliseconds: { layout.unixMilliseconds(ofTick: $0) },
            text: { UTCTime(unixMilliseconds: $0).description }
        )
        return try configuration.state.journal(context, logger: logger)
    }

    /// Opens the store, and checks whether it belongs to this daemon.
    ///
    /// A file must exist. A store on other hosts may become reachable later: until then, calls are refused because there is no worker
    /// yet. If the store then turns out to be another daemon's, the daemon stops with the same message and exit code as
    /// at the start.
    func openStore(
        journal: GrantJournal,
        clock: TickClock,
        findings: WorkerFindings,
        meter: StoreMeter?
    ) throws -> any Store {
        let bare = try watch.during("open the store") { try configuration.store.open(remote: configuration.remote) }
        file = bare as? SQLiteStore
        let opened = WatchedStore(bare, watch: watch)
        let store = RollbackDetectingStore(meter.map { MeteredStore(opened, meter: $0) } ?? opened, journal: journal)
        let validated = ValidatedStore(
            store,
            check: { [configuration] in try Self.check($0, configuration, journal, clock, findings) },
            refused: { [refusal, stop] error in
                refusal.error.withLock { if $0 == nil { $0 = error } }
                // Every call that fails the check gets here; only the first one has an effect.
                stop.stop(because: "the store cannot be used")
            }
        )
        do {
            try validated.validate()
        } catch  where configuration.remote != nil && !ValidatedStore.isFinal(error) {
            logger.warning(
                "the store is away; nothing is given out until it is there",
                metadata: ["store": "\(configuration.store)", "error": "\(error)"]
            )
        }
        if let file {
            let copied = CopiedStore(store: file, storeName: configuration.store.name(nil), logger: logger)
            try copied.check(configuration.rule)
        }
        return validated
    }

    /// Throws if the store belongs to another layout or its records are behind the recorded grants, or if a clock is
    /// wrong. Adds the workers to `findings` whose records are far ahead and are not believed.
    static func check(
        _ store: any Store,
        _ configuration: Configuration,
        _ journal: GrantJournal,
        _ clock: TickClock,
        _ findings: WorkerFindings
    ) throws {
        let layout = configuration.layout
        journal.identified(as: try LayoutRecord.check(store, layout: layout.sharedText))
        try journal.verify(store)
        let claims = makeClaims(configuration, store: store, journal: journal, clock: clock, findings: findings)
        let now = clock.now().tick
        switch try claims.checkClock(nowTick: now, allowedTicks: clock.ticks(in: configuration.clockTolerance)) {
        case .plausible:
            guard case .fixed(let worker) = configuration.rule, let ahead = try claims.farAhead(worker, nowTick: now)
            else {
                return
            }
            throw ClockError(
                description:
                    "the wall clock says \(layout.roundedTime(ofTick: now)), but worker \(worker) was used up to "
                    + "\(layout.roundedTime(ofTick: ahead.freeFromTick)) by \(ahead.holder.text), whose clock was ahead. "
                    + "Give this daemon another --worker or 'auto', or wait until then. If this host's clock is behind, "
                    + "set it"
            )
        case .clockBehind(let storeTick, let nowTick, let worker, _):
            throw ClockError(
                description:
                    "the wall clock says \(layout.roundedTime(ofTick: nowTick)), but worker \(worker) was already used up to "
                    + "\(layout.roundedTime(ofTick: storeTick)). "
                    + "Set this clock if it is behind, or allow the gap with --clock-tolerance. If the other one's was "
                    + "ahead, stop that daemon and run "
                    + "'firn workers release \(worker) --holder-is-dead'"
            )
        }
    }

    static func makeClaims(
        _ configuration: Configuration,
        store: any Store,
        journal: GrantJournal,
        clock: TickClock,
        findings: WorkerFindings
    ) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: Holder(
                host: WorkerChoice.hostName ?? "unknown",
                pod: getenv("POD_NAME").map { String(cString: $0) },
                pid: UInt32(getpid()),
                instance: .random(in: 0...(.max))
            ),
            maximumWorker: UInt32(clamping: configuration.layout.maximumWorker),
            excludedWorkers: configuration.excludedWorkers,
            // The engine's last tick: below the layout's last tick where positions use all 64 bits.
            maximumTick: Space.endTick(of: configuration.layout) - 1,
            windowTicks: clock.ticks(in: configuration.window),
            journal: journal,
            outlierTicks: clock.ticks(in: WorkerClaims.outlierDistance),
            clockID: StorePlace.currentBoot,
            testimonyTicks: clock.ticks(in: TestimonyTimer.interval),
            findings: findings
        )
    }
}

/// Why a started daemon must stop: set by the store's threads, read by the main thread.
final class Refusal: Sendable {
    let error = Mutex<(any Error)?>(nil)
}

/// A wall clock with an implausible time. Exit code 78.
struct ClockError: Error, CustomStringConvertible {
    let description: String
}
