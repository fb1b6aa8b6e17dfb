internal import ArgumentParser
internal import FirnClient
internal import FirnConfiguration

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "See whether IDs can be had; exit 0 when so.",
        discussion: """
            It asks the daemon whether it has a worker whose window is open, or can be opened. It takes no ID, so a daemon \
            at rest stays at rest; only from a daemon of an older version, which does not tell, it takes one and drops it. \
            With --live it only checks that the daemon answers: for a probe that restarts the daemon, which would not \
            bring back a store that is away. When there are no IDs, the reason is on standard error.

            With --wait it asks again until the daemon is ready, ten times per second, and gives up after that time with \
            the last reason: for a script that starts a daemon, or a service that needs one. After one second it says \
            once, on standard error, what it waits for. What waiting does not mend ends it at once, with exit code 64 or \
            70.

            EXIT CODES:
              0    ready; with --live: alive
              64   an argument is wrong
              69   no daemon answers at the address: it is not there, or it stops and takes no connection any more; with \
            --wait: all the time
              70   the daemon will not make IDs, however long one waits: its layout's time has ended, for instance
              75   the daemon cannot make IDs now (no worker, store away), or did not answer within --timeout; with \
            --wait: still so at the end
            """
    )

    @Flag(help: "Ask only whether the daemon answers, not whether it can make IDs.")
    var live = false

    @Option(
        help: ArgumentHelp(
            "Wait so long for the daemon, such as 30s; at most 24h. (default: do not wait)",
            valueName: "duration"
        ),
        transform: DurationText.init(parsing:)
    )
    var wait: DurationText?

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard let wait else { return }
        guard let value = wait.value, value <= .seconds(86_400) else {
            throw ValidationError("--wait is \(wait.defaultValueDescription); give 1ms to 24h.")
        }
    }

    func run() async throws {
        try await reportingErrors {
            if let patience = wait?.value { try await askUntilReady(within: patience) } else { try await ask() }
            var output = StandardOutput()
            try output.write(line: live ? "alive" : "ready")
            try output.flush()
        }
    }

    /// The pause between two questions: short beside the second that a daemon takes to start.
    private static let pause = Duration.milliseconds(100)

    private func askUntilReady(within patience: Duration) async throws {
        let start = ContinuousClock.now
        var waiting = HealthWait(patience: patience)
        while true {
            let left = max(.milliseconds(1), patience - start.duration(to: .now))
            let timeout = Duration.milliseconds(daemon.access.timeout)
            do {
                return try await ask(within: min(left, timeout))
            } catch let error as FirnClientError {
                waiting.note(error, isCutShort: left < timeout)
                switch waiting.failed(isRetryable: error.isRetryable, after: start.duration(to: .now)) {
                case .giveUp: throw waiting.reason ?? error
                case .askAgain: break
                case .tellAndAskAgain:
                    let seconds = "waiting up to \(wait?.defaultValueDescription ?? "")"
                    StandardError.write(line: "firn: \(seconds) for the daemon. \(error.message)")
                }
                try await Task.sleep(for: min(Self.pause, max(.zero, patience - start.duration(to: .now))))
            }
        }
    }

    /// Asks once.
    ///
    /// The address is looked for each time: without one the socket that firnd makes may be any of several.
    private func ask(within timeout: Duration? = nil) async throws {
        var configuration = try daemon.access.clientConfiguration()
        if let timeout { configuration.timeout = timeout }
        try await withFirnClient(address: try daemon.resolvedAddress, configuration: configuration) { client in
            let description: FirnDaemonDescription
            do throws(FirnClientError) {
                description = try await client.daemonDescription()
            } catch {
                // A daemon that refuses a call is alive.
                guard live, error.code == .unauthenticated || error.code == .permissionDenied else { throw error }
                return
            }
            guard !live else { return }
            switch description.readiness {
            case .ready, .resting: break
            case .unready(let code, let message, let retryAfter):
                throw FirnClientError(code: code, message: message, retryAfter: retryAfter)
            case nil: _ = try await client.nextID()
            }
        }
    }
}

/// What `firn health --wait` does after a question that failed. A state machine without I/O.
struct HealthWait {
    enum Action: Equatable {
        case giveUp
        case askAgain
        /// Say what is waited for, then ask again.
        case tellAndAskAgain
    }

    /// Who starts a daemon and waits for it expects nothing of a wait that is shorter.
    static let silence = Duration.seconds(1)

    let patience: Duration
    /// The last failure that says something of the daemon.
    private(set) var reason: FirnClientError?
    private var hasTold = false

    init(patience: Duration) {
        self.patience = patience
    }

    /// - Parameter isCutShort: whether the question had less than its usual time, because the wait was nearly over. That it then
    ///   had no answer in time is no reason, if there is another one.
    mutating func note(_ error: FirnClientError, isCutShort: Bool) {
        guard reason == nil || !isCutShort || error.code != .timedOut else { return }
        reason = error
    }

    /// - Parameter elapsed: since the beginning.
    mutating func failed(isRetryable: Bool, after elapsed: Duration) -> Action {
        guard isRetryable, elapsed < patience else { return .giveUp }
        guard !hasTold, elapsed >= Self.silence else { return .askAgain }
        hasTold = true
        return .tellAndAskAgain
    }
}
