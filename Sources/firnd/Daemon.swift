internal import FirnConfiguration
internal import FirnEngine
internal import FirnHTTP
internal import FirnLayout
internal import FirnSQLite
internal import FirnServer
internal import FirnStore
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

#if Etcd
    internal import FirnEtcd
#endif

/// The daemon, put together: store, windows, server; started in this order and stopped in the reverse.
final class Daemon {
    private let configuration: Configuration
    private let logger: Logger
    private let output: LogOutput
    private let stop = StopRequest()
    private let watch: StoreWatch
    /// Why the store cannot be used, if that was found out after the start.
    private let refusal = Refusal()

    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        let output = LogOutput(format: configuration.logFormat)
        self.output = output
        logger = Logger(label: "firnd") { _ in FirnLogHandler(logLevel: configuration.logLevel, output: output) }
        watch = StoreWatch(
            patience: configuration.storePatience,
            logger: logger,
            setAlarm: { DaemonSignals.setAlarm($0) }
        )
    }

    /// Serves until it is told to stop.
    func run() throws {
        defer { output.finish() }
        let signals = DaemonSignals(stop: stop, logger: logger, output: output)
        signals.watch(watch)
        let supervisor = Supervisor(environment: { getenv($0).map { String(cString: $0) } }, logger: logger)
        guard try isTimeToStart(supervisor) else { return }
        supervisor?.tell(["STATUS=opening the store and asking it for a worker"])
        for use in configuration.pathsUsed { try configuration.paths.makeDirectory(for: use) }
        // Before anything is claimed: a second daemon on the same socket leaves the store alone.
        let listeners = try openListeners()
        let httpListeners = try HTTPListeners(configuration.http, allowsAnyHost: configuration.allowsAnyHost)
        let layout = configuration.layout
        let clock = TickClock(
            layout: layout,
            source: SystemTimeSource(wallOffset: configuration.clockOffset),
            followLimit: configuration.clockTolerance
        )
        let journal = try watch.during("open the state directory") { try makeJournal() }
        let admin =
            httpListeners.admin.isEmpty
            ? nil : Admin(configuration, listeners: httpListeners, clock: clock, log: output.writer)
        let meters = admin?.meters
        let store = try openStore(journal: journal, clock: clock, meter: meters?.store)
        let claims = Self.makeClaims(configuration, store: store, journal: journal, clock: clock)

        let slots = (0..<configuration.workers).map { _ in WorkerSlot() }
        let availability = Availability(slots: slots, clock: clock, watch: watch)
        signals.lastWords { [configuration] in Self.lost(slots, configuration) }
        let shardsPerWorker = Server.shardsPerWorker(
            workers: slots.count,
            reactors: configuration.shards + httpListeners.mintingThreads(configuration.http)
        )
        let sequences = try Sequences(
            claims: SequenceClaims(store: store, holder: claims.holder, journal: journal),
            configuration: configuration.sequences,
            logger: logger
        )
        let windows = try WindowThread { [configuration, logger, stop, watch] in
            let renewer = WindowRenewer(
                slots: slots,
                rule: configuration.rule,
                claims: claims,
                clock: clock,
                layout: layout,
                shardsPerWorker: shardsPerWorker,
                firstSequence: configuration.firstSequence,
                availability: availability,
                meter: meters?.windows,
                watch: watch,
                logger: logger
            )
            // Here, for this thread wakes up that often anyway; what follows is done by the main thread.
            renewer.everySecond = { if !listeners.areInPlace { stop.haveChoreDone() } }
            renewer.storeSetBack = { sequences.storeSetBack() }
            return renewer
        }
        // Before the framed sockets answer, as it needs descriptors: a caller that was answered finds all doors open.
        let httpServer = try httpListeners.makeServer(
            source: MintSource(
                slots: slots,
                layout: layout,
                clock: clock,
                limits: configuration.limits,
                availability: availability,
                sequences: sequences,
                meters: meters?.http
            ),
            documents: admin?.content(availability: availability, windows: windows),
            configuration: configuration,
            logger: logger
        )
        let server = try Server(
            listeners: listeners,
            slots: slots,
            reactors: configuration.shards,
            layout: layout,
            clock: clock,
            limits: configuration.limits,
            policy: configuration.policy,
            availability: availability,
            sequences: sequences,
            meters: meters?.server,
            logger: logger,
            description: { [limits = configuration.limits] in
                DaemonDescription(
                    version: FirnVersion.text,
                    layout: layout,
                    workers: slots.compactMap { $0.current().space.map { UInt32($0.worker) } },
                    maximumBatch: limits.maximumBatch
                )
            }
        )
        admin?.started(server, httpServer)
        Announcement(configuration: configuration, addresses: listeners.addresses, http: httpListeners, slots: slots)
            .log(to: logger)

        let daemonWatch = supervisor.map { supervisor in
            DaemonWatch(
                supervisor: supervisor,
                server: server,
                httpServer: httpServer,
                windows: windows,
                slots: slots,
                availability: availability
            )
        }
        let chore = { [logger] in Self.restore(listeners, of: server, logger) }
        let reason = daemonWatch?.run(until: stop, chore: chore) ?? Self.sleep(until: stop, chore: chore)
        let refusal = refusal.error.withLock { $0 }
        logger.info(
            "stopping",
            metadata: [
                "reason": "\(reason)",
                "drain_delay": "\(configuration.drainDelay)",
                "drain_timeout": "\(configuration.limits.drainTimeout)",
            ]
        )
        supervisor?.tell(
            Supervision.stopping(drainTimeout: configuration.drainDelay + configuration.limits.drainTimeout)
        )
        availability.startedDraining()
        // A probe that asks whether the daemon is ready hears of it now; clients that have not asked yet are served on.
        if refusal == nil, configuration.drainDelay > .zero {
            usleep(useconds_t(clamping: configuration.drainDelay.nanoseconds / 1000))
        }
        let drainEnd = ContinuousClock.now + configuration.limits.drainTimeout
        server.drain()
        httpServer?.drain()
        server.join()
        httpServer?.join()
        GivingBack(windows: windows, sequences: sequences, journal: journal, logger: logger).perform(until: drainEnd)
        logger.info("stopped")
        if let refusal { throw refusal }
    }

    /// Waits until the wall clock is set, and refuses a layout that has no time left.
    ///
    /// - Returns: false when it was told to stop first.
    private func isTimeToStart(_ supervisor: Supervisor?) throws -> Bool {
        let source = SystemTimeSource(wallOffset: configuration.clockOffset)
        let reason = ClockWait.run(source, supervisor: supervisor, logger: logger) { [stop] in
            stop.wait(atMost: .seconds(1), chore: {})
        }
        if let reason {
            logger.info("stopped", metadata: ["reason": "\(reason)"])
            return false
        }
        try LayoutSpan.check(configuration.layout, wallNanoseconds: source.wallNanoseconds())
        return true
    }

    private func openListeners() throws(ListenError) -> Listeners {
        try Listeners(
            configuration.addresses,
            inherited: configuration.inheritedSockets,
            ownership: configuration.ownership,
            allowsAnyHost: configuration.allowsAnyHost,
            ipv6Only: configuration.ipv6Only
        )
    }

    private func makeJournal() throws -> GrantJournal {
        let layout = configuration.layout
        let context = GrantJournal.Context(
            storeName: configuration.store.name(configuration.etcd),
            layout: layout.name,
            unixMilliseconds: { layout.unixMilliseconds(ofTick: $0) },
            text: { UTCTime(unixMilliseconds: $0).description }
        )
        return try configuration.state.journal(context, logger: logger)
    }

    /// Opens the store, and finds out whether it is this daemon's to use.
    ///
    /// A file must be there. etcd may come later: until it does, callers are told that there is no worker yet; if it then
    /// turns out to be another's, the daemon stops with the same words and exit code as if it had been there at once.
    private func openStore(journal: GrantJournal, clock: TickClock, meter: StoreMeter?) throws -> any Store {
        let bare = try watch.during("open the store") { try configuration.store.open(etcd: configuration.etcd) }
        let opened = WatchedStore(bare, watch: watch)
        let store = RollbackDetectingStore(meter.map { MeteredStore(opened, meter: $0) } ?? opened, journal: journal)
        let validated = ValidatedStore(
            store,
            check: { [configuration] in try Self.check($0, configuration, journal, clock) },
            refused: { [refusal, stop] error in
                refusal.error.withLock { if $0 == nil { $0 = error } }
                // Once for each call that finds it so: the first one is heard.
                stop.stop(because: "the store cannot be used")
            }
        )
        do {
            try validated.validate()
        } catch  where configuration.etcd != nil && !ValidatedStore.isFinal(error) {
            logger.warning(
                "the store is away; nothing is given out until it is there",
                metadata: ["store": "\(configuration.store)", "error": "\(error)"]
            )
        }
        if let file = bare as? SQLiteStore {
            let copied = CopiedStore(store: file, storeName: configuration.store.name(nil), logger: logger)
            try copied.check(configuration.rule)
        }
        return validated
    }

    /// Throws where the store is another layout's or knows less than was granted, or a clock was wrong.
    static func check(
        _ store: any Store,
        _ configuration: Configuration,
        _ journal: GrantJournal,
        _ clock: TickClock
    ) throws {
        let layout = configuration.layout
        journal.identified(as: try LayoutRecord.check(store, layout: layout.name))
        try journal.verify(store)
        let claims = makeClaims(configuration, store: store, journal: journal, clock: clock)
        let now = clock.now().tick
        switch try claims.checkClock(nowTick: now, allowedTicks: clock.ticks(in: configuration.clockTolerance)) {
        case .plausible:
            return
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

    private static func makeClaims(
        _ configuration: Configuration,
        store: any Store,
        journal: GrantJournal,
        clock: TickClock
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
            // The engine's last tick: below the layout's own where positions fill all 64 bits.
            maximumTick: Space.endTick(of: configuration.layout) - 1,
            windowTicks: clock.ticks(in: configuration.window),
            journal: journal
        )
    }
}

/// Why a daemon that started must stop: told by the store's threads, read by the first one.
private final class Refusal: Sendable {
    let error = Mutex<(any Error)?>(nil)
}

/// A wall clock that cannot be believed. Exit code 78.
struct ClockError: Error, CustomStringConvertible {
    let description: String
}
