internal import FirnConfiguration
internal import FirnEngine
internal import FirnHTTP
internal import FirnLayout
internal import FirnSQLite
internal import FirnServer
internal import FirnStore
internal import FirnTLS
internal import FirnWindows
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

#if GRPC
    internal import FirnGRPC
#endif

/// The daemon: store, windows and server, started in this order and stopped in the reverse.
final class Daemon {
    let configuration: Configuration
    let logger: Logger
    private let output: LogOutput
    private let stop = StopRequest()
    private let reload = ReloadRequest()
    let reloading: Reloading
    private let watch: StoreWatch
    /// Why the store cannot be used, if that was detected after the start.
    private let refusal = Refusal()

    /// - Parameter settings: the settings that the configuration was made from, read from `sources`.
    init(_ configuration: Configuration, sources: SettingSources, settings: LayeredArguments) throws {
        self.configuration = configuration
        let output = LogOutput(format: configuration.logFormat, level: configuration.logLevel)
        self.output = output
        logger = Logger(label: "firnd") { _ in FirnLogHandler(output: output) }
        reloading = Reloading(logger: logger)
        let reloadable = ReloadableSettings(sources, inUse: settings, output: output)
        reloading.add("settings") { try reloadable.reload() }
        watch = StoreWatch(
            patience: configuration.storePatience,
            logger: logger,
            setAlarm: { DaemonSignals.setAlarm($0) }
        )
    }

    /// Serves until it is told to stop.
    func run() throws {
        defer { output.finish() }
        let signals = DaemonSignals(stop: stop, reload: reload, logger: logger, output: output)
        signals.watch(watch)
        let supervisor = Supervisor(environment: { getenv($0).map { String(cString: $0) } }, logger: logger)
        guard try isTimeToStart(supervisor) else { return }
        supervisor?.tell(["STATUS=opening the store and asking it for a worker"])
        for use in configuration.pathsUsed { try configuration.paths.makeDirectory(for: use) }
        let tokens = try openTokens()
        // Before anything is claimed: a second daemon on the same socket does not touch the store.
        let listeners = try openListeners()
        let tlsListeners = try TLSListeners(configuration, logger: logger)
        if let certificates = tlsListeners.certificates {
            reloading.add("certificates") {
                guard try certificates.reload() else { return [] }
                return [Reloading.Change(name: "certificates", from: "those before", to: "those of the files")]
            }
        }
        let httpListeners = try HTTPListeners(configuration)
        let grpcListeners = try GRPCListeners(configuration)
        let layout = configuration.layout
        let clock = TickClock(
            layout: layout,
            source: SystemTimeSource(wallOffset: configuration.clockOffset),
            followLimit: configuration.clockTolerance
        )
        let journal = try watch.during("open the state directory") { try makeJournal() }
        let admin =
            httpListeners.admin.isEmpty
            ? nil
            : Admin(
                configuration,
                listeners: httpListeners,
                grpc: grpcListeners,
                certificates: tlsListeners.certificates,
                clock: clock,
                log: output.writer,
                tokens: tokens?.gate
            )
        let meters = admin?.meters
        let findings = WorkerFindings(countsFree: admin != nil)
        let store = try waitingForLock {
            try openStore(journal: journal, clock: clock, findings: findings, meter: meters?.store)
        }
        let claims = Self.makeClaims(configuration, store: store, journal: journal, clock: clock, findings: findings)

        let slots = (0..<configuration.workers).map { _ in WorkerSlot() }
        let rest = WindowRest()
        let availability = Availability(slots: slots, clock: clock, watch: watch, rest: rest)
        signals.lastWords { [configuration] in Self.lost(slots, configuration) }
        let shardsPerWorker = Server.shardsPerWorker(
            workers: slots.count,
            reactors: configuration.shards + httpListeners.mintingThreads(configuration.http)
                + TLSListeners.threads(configuration) + grpcListeners.mintingThreads(configuration.grpc)
        )
        let sequences = try Sequences(
            claims: SequenceClaims(store: store, holder: claims.holder, journal: journal),
            configuration: configuration.sequences,
            logger: logger
        )
        let desks = Desks(
            leases: configuration.leases.map {
                LeaseDesk(
                    claims: claims,
                    layout: layout,
                    clock: clock,
                    configuration: $0,
                    ownWorkers: { Set(slots.compactMap { $0.current().space.map { UInt32($0.worker) } }) }
                )
            },
            records: configuration.servesStore ? RecordDesk(store: store, maximumWorker: claims.maximumWorker) : nil
        )
        let windows = WindowThread(rest: rest) { [configuration, logger, stop, watch] in
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
                rest: rest,
                restAfter: configuration.restAfter,
                logger: logger
            )
            // This thread wakes up that often anyway; the main thread does the work.
            renewer.everySecond = {
                let haveCertificatesChanged = tlsListeners.certificates?.haveChanged ?? false
                if !listeners.areInPlace || tokens?.hasChanged == true || haveCertificatesChanged {
                    stop.haveChoreDone()
                }
            }
            renewer.storeSetBack = { sequences.storeSetBack() }
            return renewer
        }
        let description: @Sendable () -> DaemonDescription = { [configuration] in
            DaemonDescription(
                version: FirnVersion.text,
                layout: layout,
                workers: slots.compactMap { $0.current().space.map { UInt32($0.worker) } },
                maximumBatch: configuration.limits.maximumBatch,
                readiness: availability.readiness,
                maximumLeaseWindowMilliseconds: configuration.leases.map {
                    UInt64($0.maximumWindow.nanoseconds / 1_000_000)
                } ?? 0
            )
        }
        func source(_ meters: [ShardMeter]?) -> MintSource {
            MintSource(
                slots: slots,
                layout: layout,
                clock: clock,
                limits: configuration.limits,
                availability: availability,
                sequences: sequences,
                desks: desks,
                meters: meters,
                description: description
            )
        }
        // Before the framed sockets accept, because it needs descriptors: once a caller gets an answer, all ports are
        // open.
        let httpServer = try httpListeners.makeServer(
            source: source(meters?.http),
            documents: admin?.content(
                availability: availability,
                windows: windows,
                findings: findings,
                sequences: sequences
            ),
            tokens: tokens?.gate,
            tls: tlsListeners,
            configuration: configuration,
            logger: logger
        )
        let limiter = ConnectionLimiter(limits: configuration.limits)
        let tlsServer = try tlsListeners.makeServer(
            source: source(meters?.tls),
            limiter: limiter,
            tokens: tokens?.gate,
            logger: logger
        )
        let grpcServer = try grpcListeners.makeServer(
            source: source(meters?.grpc),
            tokens: tokens?.gate,
            tls: tlsListeners,
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
            tokens: tokens?.gate,
            availability: availability,
            sequences: sequences,
            desks: desks,
            limiter: limiter,
            meters: meters?.server,
            logger: logger,
            description: description
        )
        admin?.started(server, httpServer, tlsServer, grpcServer)
        Announcement(
            configuration: configuration,
            addresses: listeners.addresses + tlsListeners.frames.map(\.address),
            http: httpListeners,
            grpc: grpcListeners,
            slots: slots
        ).log(to: logger)
        if tokens != nil {
            warnOfClearTokens(listeners.addresses + httpListeners.addresses + grpcListeners.listeners.map(\.address))
        }

        let daemonWatch = supervisor.map { supervisor in
            DaemonWatch(
                supervisor: supervisor,
                server: server,
                httpServer: httpServer,
                tlsServer: tlsServer,
                grpcServer: grpcServer,
                windows: windows,
                slots: slots,
                availability: availability
            )
        }
        let chore = { [logger] in
            Self.restore(listeners, of: server, logger)
            tokens?.reloadIfChanged()
            if let certificates = tlsListeners.certificates, certificates.haveChanged { certificates.reloadChanged() }
        }
        // It was requested during the start.
        if reload.isPending { stop.haveChoreDone() }
        let reason =
            daemonWatch?.run(until: stop, reload: reload, reloading: reloading, chore: chore)
            ?? Self.sleep(until: stop) {
                if reload.take() { reloading.reload() }
                chore()
            }
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
        // Readiness probes fail from now on; clients that still connect are served until the delay is over.
        if refusal == nil, configuration.drainDelay > .zero {
            usleep(useconds_t(clamping: configuration.drainDelay.nanoseconds / 1000))
        }
        let drainEnd = ContinuousClock.now + configuration.limits.drainTimeout
        server.drain()
        httpServer?.drain()
        tlsServer?.drain()
        grpcServer?.drain()
        server.join()
        httpServer?.join()
        tlsServer?.join()
        grpcServer?.join()
        GivingBack(windows: windows, sequences: sequences, journal: journal, logger: logger).perform(until: drainEnd)
        logger.info("stopped")
        if let refusal { throw refusal }
    }

    /// Waits until the wall clock is set, and refuses a layout whose time is over.
    ///
    /// - Returns: false if the daemon was told to stop first.
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
            configuration.addresses.filter { !$0.isTLS },
            inherited: configuration.inheritedSockets,
            ownership: configuration.ownership,
            allowsAnyHost: configuration.allowsAnyHost,
            ipv6Only: configuration.ipv6Only
        )
    }

    private func makeJournal() throws -> GrantJournal {
        let layout = configuration.layout
        let context = GrantJournal.Context(
            storeName: configuration.store.name(configuration.remote),
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
    private func openStore(
        journal: GrantJournal,
        clock: TickClock,
        findings: WorkerFindings,
        meter: StoreMeter?
    ) throws -> any Store {
        let bare = try watch.during("open the store") { try configuration.store.open(remote: configuration.remote) }
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
        if let file = bare as? SQLiteStore {
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

    private static func makeClaims(
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
private final class Refusal: Sendable {
    let error = Mutex<(any Error)?>(nil)
}

/// A wall clock with an implausible time. Exit code 78.
struct ClockError: Error, CustomStringConvertible {
    let description: String
}
