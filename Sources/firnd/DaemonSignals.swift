internal import FirnServer
internal import FirnWindows
internal import Glibc
internal import Logging
internal import Synchronization

/// The daemon's signals. They are blocked in every thread and handled by a thread of their own while the daemon runs.
///
/// | signal | effect |
/// |---|---|
/// | SIGTERM, SIGINT, SIGQUIT | drains and stops the daemon; a second one, 100 ms later or more, ends it at once |
/// | SIGHUP | requests a reload |
/// | SIGUSR1, SIGUSR2 | none, except a log message |
/// | SIGALRM | the alarm of ``StoreWatch`` |
///
/// SIGINT and SIGQUIT stay ignored if the parent ignored them.
final class DaemonSignals: Sendable {
    private let stop: StopRequest
    private let reload: ReloadRequest
    private let logger: Logger
    private let output: LogOutput
    private let state = Mutex(State())

    private struct State {
        var stoppingSince: ContinuousClock.Instant?
        var watch: StoreWatch?
        var lastWords: @Sendable () -> String = { "" }
    }

    private static let stopping = [SIGTERM, SIGINT, SIGQUIT]
    /// Those that end a process by default, and must not end this one.
    private static let harmless = [SIGHUP, SIGUSR1, SIGUSR2]
    /// Signals in quick succession are one request: `timeout` of coreutils signals its child, and then the child's
    /// process group.
    private static let oneRequest = Duration.milliseconds(100)
    /// How long a process that ends at once waits until its log is read.
    private static let lastWait = Duration.milliseconds(200)

    /// Ignores the signals that request a reload or a reopened log, so that they do not end the process during its
    /// start.
    static func ignoreWhatStopsNothing() {
        for number in harmless { signal(number, SIG_IGN) }
    }

    /// Blocks the signals and starts to handle them. Create it before any other thread: threads inherit the signal
    /// mask.
    init(stop: StopRequest, reload: ReloadRequest, logger: Logger, output: LogOutput) {
        self.stop = stop
        self.reload = reload
        self.logger = logger
        self.output = output
        signal(SIGPIPE, SIG_IGN)
        // A file at its size limit is a write error, like a full disk, and must not end the process.
        signal(SIGXFSZ, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        for number in Self.stopping + Self.harmless + [SIGALRM] where !Self.isNotForUs(number) {
            sigaddset(&set, number)
        }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A blocked signal stays pending until it is handled; an ignored one may be discarded.
        for number in Self.harmless { signal(number, SIG_DFL) }
        _ = NativeThread(name: "signals") { [self, set] in
            var set = set
            while true {
                var number: Int32 = 0
                if sigwait(&set, &number) == 0 { took(number) }
            }
        }
    }

    /// Whether the process was started with the signal ignored: a shell does so for a script's background processes, so
    /// that Ctrl-C does not stop them.
    private static func isNotForUs(_ number: Int32) -> Bool {
        guard number == SIGINT || number == SIGQUIT else { return false }
        var action = sigaction()
        sigaction(number, nil, &action)
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Sets the watch that the alarm calls.
    func watch(_ watch: StoreWatch) {
        state.withLock { $0.watch = watch }
    }

    /// Sets the function that describes what is lost when the daemon ends at once.
    func lastWords(_ words: @escaping @Sendable () -> String) {
        state.withLock { $0.lastWords = words }
    }

    /// Arms SIGALRM to fire after this many nanoseconds, replacing the earlier setting; `nil` disarms it.
    static func setAlarm(_ nanoseconds: Int64?) {
        let microseconds = nanoseconds.map { max(1, $0 / 1000) } ?? 0
        var timer = itimerval()
        timer.it_value = timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
    }

    private func took(_ number: Int32) {
        switch number {
        case SIGALRM:
            state.withLock { $0.watch }?.look()
        case SIGHUP:
            reload.make()
            stop.haveChoreDone()
        case _ where Self.harmless.contains(number):
            logger.notice(
                "a signal was ignored: SIGHUP reloads, and the log is not reopened",
                metadata: ["signal": "\(Self.name(number))"]
            )
        default:
            let now = ContinuousClock.now
            let before = state.withLock { state in
                defer { state.stoppingSince = state.stoppingSince ?? now }
                return state.stoppingSince
            }
            if let before { return now - before < Self.oneRequest ? () : endAtOnce(number) }
            if !stop.stop(because: Self.name(number)) {
                logger.notice(
                    "told to stop while starting: the start is finished first; a second signal ends it at once",
                    metadata: ["signal": "\(Self.name(number))"]
                )
            }
        }
    }

    /// Ends without waiting for the drain. The signal's default action ends the process, so that the parent sees the
    /// signal.
    private func endAtOnce(_ number: Int32) {
        let words = state.withLock { $0.lastWords }()
        logger.warning(
            "told to stop a second time: ending at once, without draining",
            metadata: ["signal": "\(Self.name(number))", "lost": "\(words)"]
        )
        output.finish(within: Self.lastWait)
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), number)
        // Reached by a container's first process (PID 1), which a signal without a handler does not end.
        _exit(128 + number)
    }

    private static func name(_ number: Int32) -> String {
        switch number {
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        case SIGQUIT: "SIGQUIT"
        case SIGHUP: "SIGHUP"
        case SIGUSR1: "SIGUSR1"
        case SIGUSR2: "SIGUSR2"
        default: "signal \(number)"
        }
    }
}
