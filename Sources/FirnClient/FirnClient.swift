public import FirnLayout
package import FirnWire
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
/// **Calls.** The calls of all tasks share a few connections, many calls at a time on each; an answer has its call's
/// number. Calls of ``nextID(timeout:)`` that are made while another one is in flight share the next request, unless
/// ``FirnClientConfiguration/coalescesCalls`` is off. Every call has a timeout, its own or
/// ``FirnClientConfiguration/timeout``. Every call can be cancelled: it then throws `.cancelled` at once, other calls are
/// not affected, and its answer is dropped when it comes. Every queue has a limit.
///
/// **Connections.** The first is made by the first call, or by ``run()`` when
/// ``FirnClientConfiguration/minimumConnectionCount`` is above 0; more are made under load. A call whose connection broke
/// before the answer came is made again, as often as its timeout allows and at most ten times. That is always safe: it
/// only leaves a gap in the IDs. While no daemon can be connected calls wait, so that a daemon's restart is a delay and no
/// error; after ``FirnClientConfiguration/circuitBreakerTripAfter`` they fail at once.
///
/// **Addresses** are in order of preference. Calls go to the first that can be connected, and back to a more preferred one
/// when that can be connected again. A daemon that answers UNAVAILABLE gets no calls for as long as its answer says, and
/// the call is made once at another.
///
/// **Order.** IDs on one connection rise. Calls that one task makes one after the other while nothing else is in flight
/// use one connection, the oldest, and get rising IDs until it breaks. With several connections, that is under load, IDs
/// of one daemon are ordered to within one tick of its layout. When calls move to another daemon there is no order, for
/// the daemons' clocks differ.
///
/// A client works while ``run()`` runs:
/// - Before that, calls wait for it, each up to its timeout, and then fail with `.timedOut`.
/// - When the task of `run()` is cancelled, open calls and all later ones fail with `.shutDown`, and `run()` returns once
///   the connections are closed.
public final class FirnClient: Sendable {
    /// The daemons' addresses, the preferred first.
    public let addresses: [FirnAddress]
    /// The configuration, every value in its range.
    public let configuration: FirnClientConfiguration

    /// Runs the client's timers, beside its connections.
    let eventLoopGroup: any EventLoopGroup
    /// What the client does while it runs, beside its calls.
    let backgroundJobs = BackgroundJobs()

    private let pool: ConnectionPool
    private let coalescedCalls: CoalescedCalls?

    /// Makes a client; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - addresses: The daemons' addresses in order of preference, at least one; traps when there is none. All must be of
    ///     one cluster (daemons that share a store): daemons of different clusters may give equal IDs.
    ///   - configuration: Timeouts and limits.
    ///   - eventLoopGroup: Runs the connections. It must outlive the client.
    ///   - logger: Gets a line for each connection made and lost, at level debug. Nothing is logged by default.
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
        coalescedCalls = configuration.coalescesCalls ? CoalescedCalls(pool: pool) : nil
    }

    /// Makes a client of one daemon; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - address: The daemon's address; ``FirnAddress/default(environment:)`` is where one listens by default.
    ///   - configuration: Timeouts and limits.
    ///   - eventLoopGroup: Runs the connections. It must outlive the client.
    ///   - logger: Gets a line for each connection made and lost, at level debug. Nothing is logged by default.
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

    /// Serves the client's calls until its task is cancelled, then closes the connections and returns.
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

    /// A new ID, made after this was called.
    ///
    /// - Parameter timeout: How long this call may take, 1 ms to 1 h; a value out of that range is moved to the nearest in
    ///   it. ``FirnClientConfiguration/timeout`` when left out.
    /// - Throws: ``FirnClientError`` with one of these codes.
    ///   Of the client: `.unreachable` when no daemon can be connected, `.timedOut`, `.cancelled`, `.shutDown` after
    ///   ``run()``, `.connectionClosed` when the connection broke more than ten times before the answer came,
    ///   `.tooManyCalls` past the configuration's limits, `.protocolViolation` when the peer is no Firn daemon.
    ///   Of the daemon: `.unavailable` when it cannot make IDs now, `.failedPrecondition` when its layout cannot,
    ///   `.resourceExhausted` and `.permissionDenied` when it does not serve this process.
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
    /// More than ``FirnClientConfiguration/maximumBatchSize`` take several calls, one after the other, each with its own
    /// timeout. When a call fails, the IDs of those before it stay a gap.
    ///
    /// - Parameters:
    ///   - count: At least 1. Memory is used for the runs that the IDs come in, not for each ID.
    ///   - timeout: How long each call may take, as for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` with code `.invalidArgument` when the count is below 1, and as ``nextID(timeout:)``
    ///   does.
    public func nextIDs(count: Int, timeout: Duration? = nil) async throws(FirnClientError) -> FirnIDBatch {
        guard count > 0 else {
            throw FirnClientError(
                code: .invalidArgument,
                message: "A batch of \(count) IDs was asked for: ask for at least 1."
            )
        }
        var runs: [Run] = []
        var remaining = count
        while remaining > 0 {
            let batch = min(remaining, configuration.maximumBatchSize)
            guard case .nextBatch(let more) = try await perform(.nextBatch(count: UInt32(batch)), timeout: timeout)
            else {
                throw Self.uncheckedAnswer
            }
            runs += more
            remaining -= batch
        }
        return FirnIDBatch(runs: runs)
    }

    /// The daemon's version, layout, workers and largest batch.
    ///
    /// With several addresses it is the daemon that calls go to now.
    ///
    /// - Parameter timeout: As for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` as ``nextID(timeout:)`` does.
    public func daemonDescription(timeout: Duration? = nil) async throws(FirnClientError) -> FirnDaemonDescription {
        guard case .describe(let description) = try await perform(.describe, timeout: timeout) else {
            throw Self.uncheckedAnswer
        }
        return FirnDaemonDescription(description)
    }

    package func perform(
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

    /// The connection's state machine has checked that the answer is one to the request, so this is never thrown.
    static var uncheckedAnswer: FirnClientError {
        FirnClientError(
            code: .protocolViolation,
            message: "The daemon answered another call than was made: report this."
        )
    }
}
