@_exported public import FirnClient
internal import FirnEngine
internal import FirnLayout
// So that a program needs one import.
@_exported public import FirnMinter
internal import FirnStore
internal import FirnWindows
internal import FirnWire
internal import Glibc

extension FirnClient {
    /// A minter with a worker that the daemon leases to this process: it mints by itself, also while the daemon is away, until
    /// the lease's limit.
    ///
    /// Returns after the first attempt to lease a worker. When there was none, ``Minter/obstacle`` says why, and the minter goes
    /// on trying: all are held, or the token that the client shows does not allow leases. The client's `run()` must go on running: by it the lease is extended, at a third of its window, at any of the
    /// client's addresses that answers.
    ///
    /// - Parameters:
    ///   - name: The service's name, for those who list the workers: 1 to 64 characters of `[A-Za-z0-9._-]`. nil for the
    ///     program's.
    ///   - configuration: How the lease is kept. A window is 60 s unless set, and at most the daemon's `--max-lease-window`. A
    ///     worker cannot be chosen.
    /// - Throws: `.invalidArgument` for a value that is out of its range; `.unavailable` when no daemon answers; `.storeRefused`
    ///   when it leases no workers, or wants a token; `.ended` for a layout whose time is over,
    ///   `.clockWrong` for one that has not begun.
    public func minter(
        name: String? = nil,
        configuration: MinterConfiguration = MinterConfiguration()
    ) async throws(MinterError) -> Minter {
        try configuration.check()
        guard configuration.worker == nil else {
            throw MinterError(.invalidArgument, "A daemon leases any free worker: leave the worker out.")
        }
        let text = name ?? Self.programName
        guard let lessee = Name(text) else {
            throw MinterError(
                .invalidArgument,
                "The name '\(text.excerpt)' is not 1 to 64 characters of [A-Za-z0-9._-]: give another one."
            )
        }
        let daemon: FirnDaemonDescription
        do throws(FirnClientError) {
            daemon = try await daemonDescription()
        } catch {
            throw MinterError(error)
        }
        guard let longest = daemon.maximumLeaseWindow else {
            throw MinterError(
                .storeRefused,
                "The daemon leases no workers: start it with a --store other than memory and with --worker auto, "
                    + "set its --max-leases, or update it."
            )
        }
        let window = configuration.window ?? min(longest, .seconds(60))
        guard window <= longest else {
            throw MinterError(
                .invalidArgument,
                "The window is \(window), and the daemon leases for \(longest) at most: give that, or raise its "
                    + "--max-lease-window."
            )
        }
        let layout = daemon.layout
        let clock = try configuration.clock(for: layout)
        let workers = LeasedWorkers(
            calls: DaemonLeases(
                client: self,
                lessee: LeaseCall.Beginning(
                    name: lessee,
                    // For people only: what the daemon would not take is left out.
                    host: LeaseCall.Beginning.label(MinterConfiguration.hostName.utf8) ?? "",
                    pod: LeaseCall.Beginning.label((MinterConfiguration.podName ?? "").utf8) ?? "",
                    pid: UInt32(getpid())
                ),
                layout: layout,
                // Two extensions may fail before the window ends.
                timeout: min(.seconds(5), window / 6)
            ),
            maximumWorker: UInt32(clamping: layout.maximumWorker),
            maximumTick: Space.endTick(of: layout) - 1,
            windowTicks: configuration.windowTicks(window, clock)
        )
        let opened = await withCheckedContinuation { continuation in
            NativeThread(name: "firn-open") {
                continuation.resume(
                    returning: OpenedMinter(
                        claims: workers,
                        layout: layout,
                        clock: clock,
                        configuration: configuration
                    )
                )
            }
            .detach()
        }
        return Minter(opened)
    }

    /// The program's file name, with `_` for what a name cannot have.
    private static var programName: String {
        let path = CommandLine.arguments.first ?? ""
        let name = path.split(separator: "/").last.map(String.init) ?? "program"
        return String(
            name.unicodeScalars.prefix(64).map { scalar in
                switch scalar {
                case "A"..."Z", "a"..."z", "0"..."9", ".", "_", "-": Character(scalar)
                default: "_"
                }
            }
        )
    }
}

extension MinterError {
    fileprivate init(_ error: FirnClientError) {
        self.init(
            error.isRetryable ? .unavailable : .storeRefused,
            "No worker can be leased: \(error.message)",
            retryAfter: error.isRetryable ? error.retryAfter ?? .seconds(1) : nil
        )
    }
}
