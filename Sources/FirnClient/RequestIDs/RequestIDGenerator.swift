/// Makes IDs for requests, such as `ServiceA-1-1`, `ServiceA-1-2`, …, without a call for each.
///
/// ```swift
/// let requestIDs = try await RequestIDGenerator(service: "ServiceA", client: client)
/// let id = try requestIDs.next()
/// ```
///
/// The daemon gives each generator a prefix of its own, `ServiceA-1`, from the sequence with the service's name; the
/// generator appends a number that it counts up from 1. So no two IDs of a service are equal: across tasks and threads,
/// instances and restarts. A generator needs no daemon until the last quarter of a prefix's numbers begins; then the
/// client's `run()` requests another prefix, again and again until it has one.
///
/// In a child made by `fork` the parent's generators throw.
public final class RequestIDGenerator: Sendable {
    /// The service's name.
    public let service: String
    /// The configuration, every value in its range.
    public let configuration: RequestIDGeneratorConfiguration

    private let core: RequestIDCore

    /// Makes a generator with a prefix from the daemon.
    ///
    /// - Parameters:
    ///   - service: The service's name: 1 to 64 of the characters `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`.
    ///   - client: Makes the calls for prefixes; its `run()` requests all but the first. The generator holds no reference
    ///     to it.
    ///   - configuration: How many numbers a prefix has.
    /// - Throws: ``FirnClientError`` as ``FirnClient/nextPrefix(service:timeout:)`` does; `.tooManyCalls` when 1,024
    ///   prefetchers and generators wait for the client's `run()` to begin.
    public init(
        service: String,
        client: FirnClient,
        configuration: RequestIDGeneratorConfiguration = RequestIDGeneratorConfiguration()
    ) async throws(FirnClientError) {
        self.service = service
        self.configuration = configuration.inRange
        let prefix = try await client.nextPrefix(service: service)
        let core = RequestIDCore(prefix: prefix, maximumNumber: self.configuration.maximumNumber)
        self.core = core
        try client.backgroundJobs.add { client in
            await core.run { () throws(FirnClientError) in try await client.nextPrefix(service: service) }
        }
    }

    deinit {
        core.end()
    }

    /// The next ID: the prefix, a hyphen and a number. It can be called on any thread, and waits for nothing but a lock that
    /// is held for some nanoseconds.
    ///
    /// - Throws: ``FirnClientError`` with code `.prefixExhausted` when all numbers of the prefix were given and there is no
    ///   other prefix yet; message and cause say why. `.shutDown` in a child made by `fork`.
    public func next() throws(FirnClientError) -> String {
        try core.next()
    }
}
