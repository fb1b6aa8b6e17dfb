/// Makes IDs for requests, such as `ServiceA-1-1`, `ServiceA-1-2`, …, without a call for each.
///
/// ```swift
/// let requestIDs = try await RequestIDGenerator(service: "ServiceA", client: client)
/// let id = try requestIDs.next()
/// ```
///
/// The daemon gives each generator a prefix of its own, `ServiceA-1`, from the sequence with the service's name; the
/// generator appends its own count. So no two IDs of a service are equal: across tasks and threads, instances and
/// restarts. A generator works on while the daemon is away; only when the last quarter of a prefix's numbers begins is
/// another prefix asked for, by the client's `run()`, until one comes.
///
/// In a child made by `fork` the parent's generators throw.
public final class RequestIDGenerator: Sendable {
    /// The service's name.
    public let service: String
    /// The configuration, every value in its range.
    public let configuration: RequestIDConfiguration

    private let core: RequestIDCore

    /// Makes a generator with a prefix from the daemon.
    ///
    /// - Parameters:
    ///   - service: The service's name: 1 to 64 of the characters `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`.
    ///   - client: Gives this and later prefixes; its `run()` asks for the later ones. The generator does not hold it.
    ///   - configuration: When another prefix is taken.
    /// - Throws: ``FirnClientError`` as ``FirnClient/newPrefix(service:timeout:)`` does; `.tooManyCalls` when 1,024 prefetchers and
    ///   generators wait for the client's `run()`.
    public init(
        service: String,
        client: FirnClient,
        configuration: RequestIDConfiguration = RequestIDConfiguration()
    ) async throws(FirnClientError) {
        self.service = service
        self.configuration = configuration.inRange
        let prefix = try await client.newPrefix(service: service)
        let core = RequestIDCore(prefix: prefix, maximumNumber: self.configuration.maximumNumber)
        self.core = core
        try client.backgroundJobs.add { client in
            await core.run { () throws(FirnClientError) in try await client.newPrefix(service: service) }
        }
    }

    deinit {
        core.end()
    }

    /// The next ID. Any thread may call it; it waits for nothing but a lock that is held for some nanoseconds.
    ///
    /// - Throws: ``FirnClientError`` with code `.exhausted` when the prefix has given all its numbers and no other has come
    ///   yet, with why in message and cause: nothing is given twice. `.shutDown` in a child made by `fork`.
    public func next() throws(FirnClientError) -> String {
        try core.next()
    }
}
