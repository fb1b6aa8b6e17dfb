public import FirnLayout
internal import FirnWire
public import Logging
public import NIOCore
public import NIOPosix

#if ServiceLifecycle
    internal import ServiceLifecycle
#endif

/// Takes unique 64-bit IDs from a Firn daemon.
///
/// ```swift
/// try await withFirnClient(address: .default()) { client in
///     let id = try await client.nextID()
/// }
/// ```
///
/// **Calls.** Calls of all tasks share few connections, many at a time on each; the daemon's answers find their callers by
/// number. Those who ask for single IDs while another single ID is on its way share the next request, unless
/// ``FirnClientConfiguration/coalescing`` is off. Every call has a timeout, its own or
/// ``FirnClientConfiguration/timeout``. Every call can be cancelled: it then throws `.cancelled` at once. Others are not
/// disturbed; the answer that still comes is dropped. Every queue has a limit.
///
/// **Connections.** The first is made by the first call, or by ``run()`` where ``FirnClientConfiguration/minimumConnections``
/// says so; more under load. A call whose connection broke before the answer came is made again by itself, as often as
/// its time allows (and at most ten times), for that is always safe: it only leaves a gap in the IDs. While no daemon can
/// be connected calls wait, so that nobody notices its restart; after
/// ``FirnClientConfiguration/circuitBreakerTripAfter`` they fail at once.
///
/// **Addresses** are in order of preference. Calls go to the first that can be connected, and back to a better one when
/// that can be again. A daemon that answers that it cannot make IDs now is left alone for as long as it says, and the
/// call is made once at another.
///
/// **Order.** IDs on one connection rise. Calls that one task makes one after the other while nothing else is on its way
/// use one connection, the oldest, and so get rising IDs for as long as that is unbroken. With several connections, which
/// means under load, IDs of one daemon are ordered to within one tick of its layout. When calls move to another daemon no
/// order is promised: its clock is another.
///
/// A client works while ``run()`` does:
/// - Before it, calls wait for it, each up to its timeout, and then fail with `.timedOut`.
/// - When the task of `run()` is cancelled, open calls and all later ones fail with `.shutDown`, and `run()` returns once
///   the connections are closed.
public final class FirnClient: Sendable {
    /// The daemons' addresses, the preferred first.
    public let addresses: [FirnAddress]
    /// The configuration, every value in its range.
    public let configuration: FirnClientConfiguration

    /// Runs the client's timers, beside its connections.
    let eventLoopGroup: any EventLoopGroup
    /// Beside its calls, what the client does while it runs.
    let backgroundJobs = BackgroundJobs()

    private let pool: ConnectionPool
    private let coalescedCalls: CoalescedCalls?

    /// Makes a client; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - addresses: The daemons' addresses in order of preference, all of one cluster (daemons that share a store), or
    ///     IDs may be given twice. At least one: traps when there is none.
    ///   - configuration: Timeouts and limits.
    ///   - eventLoopGroup: Runs the connections. It must outlive the client.
    ///   - logger: Told of connections made and lost, at level debug. Nothing by default.
    public init(
        addresses: [FirnAddress],
        configuration: FirnClientConfiguration = FirnClientConfiguration(),
        eventLoopGroup: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup,
        logger: Logger = Logger(label: "FirnClient") { _ in SwiftLogNoOpLogHandler() }
    ) {
        precondition(!addresses.isEmpty, "a client has at least one address: give the daemon's")
        self.addresses = addresses
        self.configuration = configuration.inRange
        self.eventLoopGroup = eventLoopGroup
        pool = ConnectionPool(
            addresses: addresses,
            configuration: self.configuration,
            eventLoopGroup: eventLoopGroup,
            logger: logger
        )
        coalescedCalls = configuration.coalescing ? CoalescedCalls(pool: pool) : nil
    }

    /// Makes a client of one daemon; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - address: The daemon's address; ``FirnAddress/default(environment:)`` is where one listens by default.
    ///   - configuration: Timeouts and limits.
    ///   - eventLoopGroup: Runs the connections. It must outlive the client.
    ///   - logger: Told of connections made and lost, at level debug. Nothing by default.
    public convenience init(
        address: FirnAddress,
        configuration: FirnClientConfiguration = FirnClientConfiguration(),
        eventLoopGroup: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup,
        logger: Logger = Logger(label: "FirnClient") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.init(
            addresses: [address],
            configuration: configuration,
            eventLoopGroup: eventLoopGroup,
            logger: logger
        )
    }

    deinit {
        backgroundJobs.finish()
        pool.shutDown()
    }

    /// Serves the client's calls until its task is cancelled, and closes the connections then.
    ///
    /// Traps when it is called a second time, also after the first has returned: a client runs once.
    public func run() async {
        #if ServiceLifecycle
            await cancelWhenGracefulShutdown { await self.serve() }
        #else
            await serve()
        #endif
    }

    private func serve() async {
        pool.start()
        await backgroundJobs.run(for: self)
        pool.shutDown()
        await pool.ended()
    }

    // MARK: - Calls

    /// A new ID: made after it was asked for.
    ///
    /// - Parameter timeout: How long this call may take, 1 ms to 1 h, moved to the nearest of them; the
    ///   configuration's when left out.
    /// - Throws: ``FirnClientError``: `.unreachable` when no daemon answers, `.timedOut`, `.cancelled`, `.shutDown` after
    ///   ``run()``, `.connectionClosed` when connections broke time and again, `.tooManyCalls` past the configuration's
    ///   limits, `.protocolViolation` when the peer is no daemon; and what the daemon answers: `.unavailable` when it
    ///   cannot make IDs now, `.failedPrecondition` when its layout cannot, `.resourceExhausted` and
    ///   `.permissionDenied` when it does not serve this process.
    public func nextID(timeout: Duration? = nil) async throws(FirnClientError) -> FirnID {
        if let coalescedCalls {
            return try await pool.observer.call("NextID") { () async throws(FirnClientError) in
                try await coalescedCalls.nextID(within: clamped(timeout))
            }
        }
        guard case .nextID(let id) = try await perform(.nextID, timeout: timeout) else { throw Self.uncheckedAnswer }
        return id
    }

    /// New IDs, exactly as many as asked for.
    ///
    /// More than ``FirnClientConfiguration/maximumBatch`` take several calls, one after the other, each with its own
    /// timeout. When one fails the IDs of those before it stay a gap.
    ///
    /// - Parameters:
    ///   - count: At least 1. Memory is used for the runs that the IDs come in, not for each ID.
    ///   - timeout: How long each call may take, as for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` with code `.invalidArgument` when the count is below 1, and as ``nextID(timeout:)`` does.
    public func nextIDs(_ count: Int, timeout: Duration? = nil) async throws(FirnClientError) -> FirnIDs {
        guard count > 0 else {
            throw FirnClientError(.invalidArgument, "A batch of \(count) IDs was asked for: ask for at least 1.")
        }
        var runs: [Run] = []
        var remaining = count
        while remaining > 0 {
            let batch = min(remaining, configuration.maximumBatch)
            guard case .nextBatch(let more) = try await perform(.nextBatch(count: UInt32(batch)), timeout: timeout)
            else {
                throw Self.uncheckedAnswer
            }
            runs += more
            remaining -= batch
        }
        return FirnIDs(runs: runs)
    }

    /// What the daemon says of itself: its version, layout and workers.
    ///
    /// - Parameter timeout: As for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` as ``nextID(timeout:)`` does.
    public func describe(timeout: Duration? = nil) async throws(FirnClientError) -> FirnDaemonDescription {
        guard case .describe(let description) = try await perform(.describe, timeout: timeout) else {
            throw Self.uncheckedAnswer
        }
        return FirnDaemonDescription(description)
    }

    func perform(
        _ method: Request.Method,
        timeout: Duration?
    ) async throws(FirnClientError) -> Response.Outcome {
        let timeout = clamped(timeout)
        let now = ContinuousClock.now
        let call = Call(id: pool.makeCallID(), method: method, timeout: timeout, deadline: now + timeout)
        return try await pool.observer.call(method.name) { () async throws(FirnClientError) in
            let outcome = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    call.resumeWhenFinished(continuation)
                    pool.submit(call, at: now)
                }
            } onCancel: {
                pool.cancel(call)
            }
            return try outcome.get()
        }
    }

    private func clamped(_ timeout: Duration?) -> Duration {
        timeout.map(FirnClientConfiguration.clampedTimeout) ?? configuration.timeout
    }

    /// The state machine holds every answer against its request, so this is not met.
    static var uncheckedAnswer: FirnClientError {
        FirnClientError(.protocolViolation, "The daemon answered another call than was made: report this.")
    }
}
