internal import CLinux
internal import FirnEngine
internal import FirnEtcd
internal import FirnGateway
internal import FirnLayout
internal import FirnPlaces
internal import FirnServer
internal import FirnStore
internal import FirnWire
internal import Glibc
internal import Logging
internal import Synchronization

/// The daemon, put together: store, windows, server; started in this order and stopped in the reverse.
final class Daemon {
    private let configuration: Configuration
    private let logger: Logger
    private let output: LogOutput
    /// Why the store cannot be used, if that was found out after the start.
    private let refusal = Refusal()

    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        let output = LogOutput(format: configuration.logFormat)
        self.output = output
        logger = Logger(label: "firnd") { _ in FirnLogHandler(logLevel: configuration.logLevel, output: output) }
    }

    /// Serves until SIGTERM or SIGINT.
    func run() throws {
        defer { output.finish() }
        let signals = TerminationSignals()
        let supervisor = Supervisor(environment: { getenv($0).map { String(cString: $0) } }, logger: logger)
        guard try isTimeToStart(signals, supervisor) else { return }
        supervisor?.tell(["STATUS=opening the store and asking it for a worker"])
        for use in configuration.placesUsed { try configuration.places.makeDirectory(for: use) }
        // Before anything is claimed: a second daemon on the same socket leaves the store alone.
        var listeners: Listeners? = try openListeners()
        let httpListeners = try HTTPListeners(configuration.http, allowsAnyHost: configuration.allowsAnyHost)
        let layout = configuration.layout
        let clock = TickClock(
            layout: layout,
            source: SystemTimeSource(wallOffset: configuration.clockOffset),
            followLimit: configuration.clockTolerance
        )
        let memory = try makeMemory()
        let admin =
            httpListeners.admin.isEmpty
            ? nil : Admin(configuration, listeners: httpListeners, clock: clock, log: output.writer)
        let meters = admin?.meters
        let store = try openStore(memory: memory, clock: clock, meter: meters?.store)
        let claims = Self.makeClaims(configuration, store: store, memory: memory, clock: clock)

        let availability = Availability()
        let slots = (0..<configuration.workers).map { _ in WorkerSlot() }
        let shardsPerWorker = Server.shardsPerWorker(
            workers: slots.count,
            reactors: configuration.shards + httpListeners.threads(shards: configuration.shards)
        )
        let windows = try WindowThread { [configuration, logger] in
            WindowKeeping(
                slots: slots,
                rule: configuration.rule,
                claims: claims,
                clock: clock,
                layout: layout,
                shardsPerWorker: shardsPerWorker,
                firstSequence: configuration.firstSequence,
                availability: availability,
                board: meters?.board,
                logger: logger
            )
        }
        let sequences = try Sequences(
            claims: SequenceClaims(store: store, holder: claims.holder),
            configuration: configuration.sequences,
            logger: logger
        )
        let addresses = listeners!.addresses
        let server = try Server(
            listeners: listeners.take()!,
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
        let gateway = try httpListeners.gateway(
            source: MintSource(
                slots: slots,
                layout: layout,
                clock: clock,
                limits: configuration.limits,
                availability: availability,
                sequences: sequences,
                meters: meters?.http
            ),
            documents: admin?.content(availability: availability, server: server, windows: windows),
            configuration: configuration,
            logger: logger
        )
        admin?.gatewayStarted(gateway)
        Announcement(configuration: configuration, addresses: addresses, http: httpListeners, slots: slots)
            .log(to: logger)

        firn_forget_startup_pages()
        let watch = supervisor.map { supervisor in
            DaemonWatch(
                supervisor: supervisor,
                server: server,
                gateway: gateway,
                windows: windows,
                slots: slots,
                availability: availability
            )
        }
        let signal = watch?.run(until: signals) ?? signals.wait()
        let refusal = refusal.error.withLock { $0 }
        logger.info(
            "stopping",
            metadata: [
                "reason": "\(refusal == nil ? signal : "the store cannot be used")",
                "drain_delay": "\(configuration.drainDelay)",
                "drain_timeout": "\(configuration.limits.drainTimeout)",
            ]
        )
        supervisor?.tell(
            Supervision.stopping(drainTimeout: configuration.drainDelay + configuration.limits.drainTimeout)
        )
        availability.startedDraining()
        // Who asks whether the daemon is ready hears of it now; who has not asked yet is served on.
        if refusal == nil, configuration.drainDelay > .zero {
            _ = signals.wait(atMost: configuration.drainDelay)
        }
        let drainEnd = ContinuousClock.now + configuration.limits.drainTimeout
        server.drain()
        gateway?.drain()
        server.join()
        gateway?.join()
        GivingBack(windows: windows, sequences: sequences, memory: memory, logger: logger).perform(until: drainEnd)
        logger.info("stopped")
        if let refusal { throw refusal }
    }

    /// Waits until the wall clock is set, and refuses a layout that has no time left.
    ///
    /// - Returns: false when a signal came first.
    private func isTimeToStart(_ signals: TerminationSignals, _ supervisor: Supervisor?) throws -> Bool {
        let source = SystemTimeSource(wallOffset: configuration.clockOffset)
        let signal = ClockWait.run(source, supervisor: supervisor, logger: logger) {
            signals.wait(atMost: .seconds(1))
        }
        if let signal {
            logger.info("stopped", metadata: ["reason": "\(signal)"])
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

    private func makeMemory() throws -> GrantMemory {
        let layout = configuration.layout
        let context = GrantMemory.Context(
            storeName: configuration.store.name(configuration.etcd),
            unixMilliseconds: { layout.unixMilliseconds(ofTick: $0) },
            text: { UTCTime(unixMilliseconds: $0).description }
        )
        return try configuration.state.memory(context, logger: logger)
    }

    /// Opens the store, and finds out whether it is this daemon's to use.
    ///
    /// A file must be there. etcd may come later: until it does, callers are told that there is no worker yet; if it then
    /// turns out to be another's, the daemon stops with the same words and exit code as if it had been there at once.
    private func openStore(memory: GrantMemory, clock: TickClock, meter: StoreMeter?) throws -> any Store {
        let opened = try configuration.store.open(etcd: configuration.etcd)
        let store = GuardedStore(meter.map { MeteredStore(opened, meter: $0) } ?? opened, memory: memory)
        let admitted = AdmittedStore(
            store,
            check: { [configuration] in try Self.check($0, configuration, memory, clock) },
            refused: { [refusal] error in
                refusal.error.withLock { $0 = error }
                // To this process as a whole: its first thread waits for it.
                kill(getpid(), SIGTERM)
            }
        )
        do {
            try admitted.admit()
        } catch  where configuration.etcd != nil && !AdmittedStore.isFinal(error) {
            logger.warning(
                "the store is away; nothing is given out until it is there",
                metadata: ["store": "\(configuration.store)", "error": "\(error)"]
            )
        }
        if let file = opened as? SQLiteStore {
            let copied = CopiedStore(store: file, storeName: configuration.store.name(nil), logger: logger)
            try copied.check(configuration.rule)
        }
        return admitted
    }

    /// Throws where the store is another layout's or knows less than was granted, or a clock was wrong.
    static func check(
        _ store: any Store,
        _ configuration: Configuration,
        _ memory: GrantMemory,
        _ clock: TickClock
    ) throws {
        let layout = configuration.layout
        memory.identified(as: try LayoutRecord.check(store, layout: layout.name))
        try memory.verify(store)
        let claims = makeClaims(configuration, store: store, memory: memory, clock: clock)
        let now = clock.now().tick
        switch try claims.checkClock(nowTick: now, allowedTicks: clock.ticks(in: configuration.clockTolerance)) {
        case .plausible:
            return
        case .clockBehind(let storeTick, let nowTick, let worker, _):
            throw ClockError(
                description:
                    "the wall clock says \(layout.time(ofTick: nowTick)), but worker \(worker) was already used up to "
                    + "\(layout.time(ofTick: storeTick)); set the clock, or allow the gap with --clock-tolerance"
            )
        }
    }

    private static func makeClaims(
        _ configuration: Configuration,
        store: any Store,
        memory: GrantMemory,
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
            memory: memory
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

/// The signals that end the daemon, blocked in every thread and waited for in one.
struct TerminationSignals {
    private var set = sigset_t()

    /// To be made before any thread is started: threads inherit what is blocked.
    init() {
        signal(SIGPIPE, SIG_IGN)
        // A file at its size limit is an error of the write, as a full disk is, and no reason to die.
        signal(SIGXFSZ, SIG_IGN)
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Sleeps until one of them comes.
    func wait() -> String {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return taken(number)
    }

    /// Sleeps until one of them comes, or for so long; then there is none.
    func wait(atMost duration: Duration) -> String? {
        var set = set
        let (seconds, attoseconds) = duration.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        let number = sigtimedwait(&set, nil, &time)
        return number > 0 ? taken(number) : nil
    }

    private func taken(_ number: Int32) -> String {
        // A second one kills, for those who will not wait for the drain.
        var set = set
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        return number == SIGINT ? "SIGINT" : "SIGTERM"
    }
}
