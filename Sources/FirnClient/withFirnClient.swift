public import Logging
public import NIOCore
public import NIOPosix

/// Runs a client for as long as `body` does, and returns once its connections are closed.
///
/// - Parameters:
///   - addresses: The daemons' addresses in order of preference, all of one cluster; at least one, or this traps.
///   - configuration: Timeouts and limits.
///   - eventLoopGroup: Runs the connections. It must outlive the call.
///   - logger: Gets a line for each connection made and lost, at level debug. Nothing is logged by default.
///   - isolation: The actor that `body` runs on: the caller's.
///   - body: Uses the client. Calls of other tasks that are open when it returns fail with `.shutDown`.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
public func withFirnClient<Value, Failure: Error>(
    addresses: [FirnAddress],
    configuration: FirnClientConfiguration = FirnClientConfiguration(),
    eventLoopGroup: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup,
    logger: Logger = Logger(label: "FirnClient") { _ in SwiftLogNoOpLogHandler() },
    isolation: isolated (any Actor)? = #isolation,
    _ body: (FirnClient) async throws(Failure) -> Value
) async throws(Failure) -> Value {
    let client = FirnClient(
        addresses: addresses,
        configuration: configuration,
        eventLoopGroup: eventLoopGroup,
        logger: logger
    )
    // On leaving this function the client's `run()` is cancelled and waited for.
    async let _ = client.run()
    return try await body(client)
}

/// Runs a client of one daemon for as long as `body` does, and returns once its connections are closed.
///
/// - Parameters:
///   - address: The daemon's address; where one listens by default when left out.
///   - configuration: Timeouts and limits.
///   - eventLoopGroup: Runs the connections. It must outlive the call.
///   - logger: Gets a line for each connection made and lost, at level debug. Nothing is logged by default.
///   - isolation: The actor that `body` runs on: the caller's.
///   - body: Uses the client. Calls of other tasks that are open when it returns fail with `.shutDown`.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
public func withFirnClient<Value, Failure: Error>(
    address: FirnAddress = .default(),
    configuration: FirnClientConfiguration = FirnClientConfiguration(),
    eventLoopGroup: any EventLoopGroup = .singletonMultiThreadedEventLoopGroup,
    logger: Logger = Logger(label: "FirnClient") { _ in SwiftLogNoOpLogHandler() },
    isolation: isolated (any Actor)? = #isolation,
    _ body: (FirnClient) async throws(Failure) -> Value
) async throws(Failure) -> Value {
    try await withFirnClient(
        addresses: [address],
        configuration: configuration,
        eventLoopGroup: eventLoopGroup,
        logger: logger,
        isolation: isolation,
        body
    )
}
