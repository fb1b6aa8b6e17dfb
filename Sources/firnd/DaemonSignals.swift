internal import FirnServer
internal import Glibc
internal import Logging
internal import Synchronization

/// The daemon's signals, blocked in every thread and taken by one of its own, from the start to the end.
///
/// | signal | does |
/// |---|---|
/// | SIGTERM, SIGINT, SIGQUIT | stops the daemon in order; a second one, 100 ms later or more, ends it at once |
/// | SIGHUP, SIGUSR1, SIGUSR2 | nothing, and says so |
/// | SIGALRM | the alarm of ``StoreWatch`` |
///
/// SIGINT and SIGQUIT that the parent had ignored stay ignored.
final class DaemonSignals: Sendable {
    private let stop: StopRequest
    private let logger: Logger
    private let output: LogOutput
    private let state = Mutex(State())

    private struct State {
        var stoppingSince: ContinuousClock.Instant?
        var watch: StoreWatch?
        var lastWords: @Sendable () -> String = { "" }
    }

    private static let stopping = [SIGTERM, SIGINT, SIGQUIT]
    private static let ignored = [SIGHUP, SIGUSR1, SIGUSR2]
    /// Signals that come closer together are one request: `timeout` of coreutils signals its child, and then the group
    /// that the child is in.
    private static let oneRequest = Duration.milliseconds(100)
    /// How long a process that was told to end at once waits for the reader of its log.
    private static let lastWait = Duration.milliseconds(200)

    /// Sees to it that nobody's request to reload, or to reopen a log, ends the process while it reads its configuration.
    static func ignoreWhatStopsNothing() {
        for number in ignored { signal(number, SIG_IGN) }
    }

    /// Blocks the signals and starts to take them. To be made before any other thread is started: threads inherit what
    /// is blocked.
    init(stop: StopRequest, logger: Logger, output: LogOutput) {
        self.stop = stop
        self.logger = logger
        self.output = output
        signal(SIGPIPE, SIG_IGN)
        // A file at its size limit is an error of the write, as a full disk is, and no reason to die.
        signal(SIGXFSZ, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        for number in Self.stopping + Self.ignored + [SIGALRM] where !Self.isNotForUs(number) {
            sigaddset(&set, number)
        }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // What is blocked waits to be taken, and what is ignored might not.
        for number in Self.ignored { signal(number, SIG_DFL) }
        _ = NativeThread(name: "signals") { [self, set] in
            var set = set
            while true {
                var number: Int32 = 0
                if sigwait(&set, &number) == 0 { took(number) }
            }
        }
    }

    /// Whether the parent wants a Ctrl-C to leave this process alone: a shell has it so for what a script starts by `&`.
    private static func isNotForUs(_ number: Int32) -> Bool {
        guard number == SIGINT || number == SIGQUIT else { return false }
        var action = sigaction()
        sigaction(number, nil, &action)
        let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        return handler == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// What is asked when the alarm's time has come.
    func watch(_ watch: StoreWatch) {
        state.withLock { $0.watch = watch }
    }

    /// Says what is lost when the daemon ends at once.
    func lastWords(_ words: @escaping @Sendable () -> String) {
        state.withLock { $0.lastWords = words }
    }

    /// Has SIGALRM come after so many nanoseconds, instead of when it was said before; `nil`: not at all.
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
        case _ where Self.ignored.contains(number):
            logger.notice(
                "a signal was ignored: the configuration is read at the start alone, and the log is not reopened",
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

    /// For those who will not wait for the drain. The process ends as one that the signal killed, which its parent can see.
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
        // The first process of a container, which no signal ends that it does not handle.
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
