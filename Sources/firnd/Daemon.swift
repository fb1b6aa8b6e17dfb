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
    let output: LogOutput
    let stop = StopRequest()
    let reload = ReloadRequest()
    let reloading: Reloading
    let watch: StoreWatch
    /// Why the store cannot be used, if that was detected after the start.
    let refusal = Refusal()
    /// The store, where it is a file.
    var file: SQLiteStore?

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
        let listeners = try DaemonListeners(configuration, logger: logger)
        if let certificates = listeners.tls.certificates {
            reloading.add("certificates") {
                guard try certificates.reload() else { return [] }
                return [Reloading.Change(name: "certificates", from: "those before", to: "those of the files")]
            }
        }
        let minting = try makeMinting(listeners, tokens)
        signals.lastWords { [configuration, slots = minting.slots] in Self.lost(slots, configuration) }
        let windows = startWindows(minting, listeners, tokens)
        let servers = try startServers(minting, windows, listeners, tokens)
        announce(minting, listeners, hasTokens: tokens != nil)
        let reason = waitForTheEnd(minting, windows, servers, listeners, tokens, supervisor)
        try stop(because: reason, minting, windows, servers, supervisor)
    }

    /// Does the main thread's work until the daemon is told to stop.
    ///
    /// - Returns: why.
    private func waitForTheEnd(
        _ minting: Minting,
        _ windows: WindowThread,
        _ servers: DaemonServers,
        _ listeners: DaemonListeners,
        _ tokens: TokenFile?,
        _ supervisor: Supervisor?
    ) -> String {
        let chore = { [logger] in
            Self.restore(listeners.frames, of: servers.frames, logger)
            tokens?.reloadIfChanged()
            if let certificates = listeners.tls.certificates, certificates.haveChanged { certificates.reloadChanged() }
        }
        // It was requested during the start.
        if reload.isPending { stop.haveChoreDone() }
        guard let supervisor else {
            return Self.sleep(until: stop) {
                if reload.take() { reloading.reload() }
                chore()
            }
        }
        return DaemonWatch(
            supervisor: supervisor,
            servers: servers,
            windows: windows,
            slots: minting.slots,
            availability: minting.availability
        ).run(until: stop, reload: reload, reloading: reloading, chore: chore)
    }

    /// Ends what was started, in the reverse order.
    ///
    /// - Throws: why the store could not be used, if that was the reason.
    private func stop(
        because reason: String,
        _ minting: Minting,
        _ windows: WindowThread,
        _ servers: DaemonServers,
        _ supervisor: Supervisor?
    ) throws {
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
        minting.availability.startedDraining()
        // Readiness probes fail from now on; clients that still connect are served until the delay is over.
        if refusal == nil, configuration.drainDelay > .zero {
            usleep(useconds_t(clamping: configuration.drainDelay.nanoseconds / 1000))
        }
        let drainEnd = ContinuousClock.now + configuration.limits.drainTimeout
        servers.drain()
        servers.join()
        minting.admin?.stopped()
        GivingBack(windows: windows, sequences: minting.sequences, journal: minting.journal, logger: logger)
            .perform(until: drainEnd)
        // Threads of other servers may keep the store until the process has ended.
        file?.close()
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
}
