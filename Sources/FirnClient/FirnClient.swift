public import FirnLayout
internal import FirnWire
public import Logging
public import NIOCore
public import NIOPosix

/// Takes unique 64-bit IDs from a Firn daemon.
///
/// ```swift
/// try await withFirnClient(address: .default()) { client in
///     let id = try await client.nextID()
/// }
/// ```
///
/// All calls of a client share one connection, many at a time; the daemon's answers find their callers by number. The
/// connection is made by the first call, and made anew by the next call after it was lost. A call whose connection broke
/// before the answer came is made once more by itself, for that is always safe: it only leaves a gap in the IDs. Calls
/// that one task makes one after the other on an unbroken connection get rising IDs.
///
/// A client works while ``run()`` does:
/// - Before it, calls wait for it, each up to its timeout, and then fail with `.timedOut`.
/// - When the task of `run()` is cancelled, open calls and all later ones fail with `.shutDown`, and `run()` returns once
///   the connection is closed.
///
/// Every call can be cancelled: it then throws `.cancelled` at once. Others are not disturbed; the answer that still
/// comes is dropped. Every call has a timeout, ``FirnClientConfiguration/timeout``. Every queue has a limit.
public final class FirnClient: Sendable {
    /// The daemon's address.
    public let address: FirnAddress
    /// The configuration, every value in its range.
    public let configuration: FirnClientConfiguration

    private let core: ClientCore

    /// Makes a client; connects to nothing yet.
    ///
    /// - Parameters:
    ///   - address: The daemon's address; ``FirnAddress/default(environment:)`` is where one listens by default.
    ///   - configuration: Timeout and limits.
    ///   - eventLoopGroup: Runs the connections. It must outlive the client.
    ///   - logger: Told of connections made and lost, at level debug. Nothing by default.
    public init(
        address: FirnAddress,
        configuration: FirnClientConfiguration = FirnClientConfiguration(),
        eventLoopGroup: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup,
        logger: Logger = Logger(label: "FirnClient") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.address = address
        self.configuration = configuration.inRange
        core = ClientCore(
            address: address,
            configuration: self.configuration,
            eventLoopGroup: eventLoopGroup,
            logger: logger
        )
    }

    deinit {
        core.shutDown()
    }

    /// Serves the client's calls until its task is cancelled, and closes the connection then.
    ///
    /// Traps when it is called a second time, also after the first has returned: a client runs once.
    public func run() async {
        core.start()
        // Nothing is ever put into this stream: waiting for its end is waiting for the task's cancellation.
        let (untilCancelled, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in untilCancelled {}
        continuation.finish()
        core.shutDown()
        await core.ended()
    }

    // MARK: - Calls

    /// A new ID.
    ///
    /// - Throws: ``FirnClientError``: `.unreachable` when no daemon answers, `.timedOut`, `.cancelled`, `.shutDown` after
    ///   ``run()``, `.connectionClosed` when the connection broke twice, `.tooManyCalls` past the configuration's limits,
    ///   `.protocolViolation` when the peer is no daemon; and what the daemon answers: `.unavailable` when it cannot make
    ///   IDs now, `.failedPrecondition` when its layout cannot, `.resourceExhausted` and `.permissionDenied` when it does
    ///   not serve this process.
    public func nextID() async throws(FirnClientError) -> FirnID {
        guard case .nextID(let id) = try await perform(.nextID) else { throw Self.uncheckedAnswer }
        return id
    }

    /// New IDs, exactly as many as asked for.
    ///
    /// More than ``FirnClientConfiguration/maximumBatch`` take several calls, one after the other, each with its own
    /// timeout. When one fails the IDs of those before it stay a gap.
    ///
    /// - Parameter count: At least 1. Memory is used for the runs that the IDs come in, not for each ID.
    /// - Throws: ``FirnClientError`` with code `.invalidArgument` when the count is below 1, and as ``nextID()`` does.
    public func nextIDs(_ count: Int) async throws(FirnClientError) -> FirnIDs {
        guard count > 0 else {
            throw FirnClientError(.invalidArgument, "A batch of \(count) IDs was asked for: ask for at least 1.")
        }
        var runs: [Run] = []
        var remaining = count
        while remaining > 0 {
            let batch = min(remaining, configuration.maximumBatch)
            guard case .nextBatch(let more) = try await perform(.nextBatch(count: UInt32(batch))) else {
                throw Self.uncheckedAnswer
            }
            runs += more
            remaining -= batch
        }
        return FirnIDs(runs: runs)
    }

    /// What the daemon says of itself: its version, layout and workers.
    ///
    /// - Throws: ``FirnClientError`` as ``nextID()`` does.
    public func describe() async throws(FirnClientError) -> FirnDaemonDescription {
        guard case .describe(let description) = try await perform(.describe) else { throw Self.uncheckedAnswer }
        return FirnDaemonDescription(description)
    }

    func perform(_ method: Request.Method) async throws(FirnClientError) -> Response.Outcome {
        let call = Call(id: core.makeCallID(), method: method, deadline: .now + configuration.timeout)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                call.resumeWhenFinished(continuation)
                core.submit(call, isRetry: false)
            }
        } onCancel: {
            call.cancel()
        }
        return try outcome.get()
    }

    /// The state machine holds every answer against its request, so this is not met.
    static var uncheckedAnswer: FirnClientError {
        FirnClientError(.protocolViolation, "The daemon answered another call than was made: report this.")
    }
}
