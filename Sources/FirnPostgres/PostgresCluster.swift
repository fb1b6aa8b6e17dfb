internal import Dispatch
internal import FirnStore
internal import Synchronization

/// The hosts of an address, and the connections to them: it chooses the host for a call, and the next one after a
/// failure.
final class PostgresCluster: Sendable {
    private struct State {
        /// nil before libpq has told them.
        var hosts: [PostgresHost]?
        /// The host that answered last.
        var preferred = 0
        var idle: [PostgresConnection] = []
        /// Whether the table was there once. It is not made again then.
        var hasTable = false
    }

    /// As many as a daemon has threads that call its store: one for windows, one for sequences. A server allows 100
    /// connections by default.
    static let maximumConnections = 2
    /// After this time an idle connection besides the first is closed.
    private static let spareTime = Duration.seconds(60)
    /// How often a call is repeated because another transaction was in its way.
    private static let maximumRepeats = 5

    private let configuration: PostgresConfiguration
    private let forReading: Bool
    private let makesTable: Bool
    private let state = Mutex(State())
    private let places = DispatchSemaphore(value: PostgresCluster.maximumConnections)

    init(_ configuration: PostgresConfiguration, forReading: Bool, makesTable: Bool) {
        self.configuration = configuration
        self.forReading = forReading
        self.makesTable = makesTable
    }

    func close() {
        state.withLock { $0.idle = [] }
    }

    /// What makes a call on a connection, until a moment.
    typealias Call<Result> = (PostgresConnection, ContinuousClock.Instant) throws(PostgresFailure) -> Result

    /// Makes the call, on a connection that is open or at each host at most once, until one answers.
    ///
    /// - Parameter isWrite: It is not repeated when it may have been done.
    func perform<Result>(isWrite: Bool, _ call: Call<Result>) throws(PostgresClusterFailure) -> Result {
        let deadline = ContinuousClock.now + configuration.timeout
        var failure = PostgresClusterFailure()
        guard places.wait(timeout: .now() + .nanoseconds(configuration.timeout.wholeNanoseconds)) == .success else {
            failure.add(.late(configuration.timeout), at: nil)
            throw failure
        }
        defer { places.signal() }
        var late: Int?
        if let connection = takeIdle() {
            let hosts = state.withLock { $0.hosts?.count ?? 1 }
            let end = isWrite ? deadline : Self.share(of: deadline, among: hosts)
            switch attempt(call, on: connection, until: end) {
            case .success(let result): return result
            case .failure(let reason):
                failure.add(reason, at: name(of: connection.hostIndex))
                if failure.isFinal(isWrite) { throw failure }
                if case .unavailable = reason.code, ContinuousClock.now >= end { late = connection.hostIndex }
            }
        }
        try resolveHosts(until: deadline, &failure)
        let (hosts, first) = state.withLock { ($0.hosts ?? [PostgresHost()], $0.preferred) }
        for turn in hosts.indices {
            let index = (first + turn) % hosts.count
            if index == late, hosts.count > 1 || ContinuousClock.now >= deadline { continue }
            // The remaining time is divided among the remaining hosts, so that the last one gets its share.
            let end = Self.share(of: deadline, among: hosts.count - turn)
            let outcome: Swift.Result<Result, PostgresFailure>
            do throws(PostgresFailure) {
                let connection = try connect(to: index, hosts[index], until: end)
                outcome = attempt(call, on: connection, until: isWrite ? deadline : end)
            } catch {
                outcome = .failure(error)
            }
            switch outcome {
            case .success(let result):
                state.withLock { $0.preferred = index }
                return result
            case .failure(let reason):
                failure.add(reason, at: name(of: index))
                if failure.isFinal(isWrite) { throw failure }
            }
        }
        throw failure
    }

    private static func share(of deadline: ContinuousClock.Instant, among count: Int) -> ContinuousClock.Instant {
        .now + ContinuousClock.now.duration(to: deadline) / max(1, count)
    }

    private func name(of index: Int) -> String? {
        state.withLock { state in
            guard let hosts = state.hosts, hosts.indices.contains(index) else { return nil }
            return hosts[index].description
        }
    }

    /// Makes the call on a connection, and keeps the connection if it can be used again.
    private func attempt<Result>(
        _ call: Call<Result>,
        on connection: PostgresConnection,
        until end: ContinuousClock.Instant
    ) -> Swift.Result<Result, PostgresFailure> {
        var repeats = 0
        while true {
            do throws(PostgresFailure) {
                let result = try call(connection, end)
                keep(connection)
                return .success(result)
            } catch {
                repeats += 1
                if case .repeatCall = error.consequence, repeats < Self.maximumRepeats, ContinuousClock.now < end {
                    continue
                }
                if !error.endsConnection { keep(connection) }
                return .failure(error)
            }
        }
    }

    /// The open connection that was used last. What a server closed meanwhile is dropped, so that no write is in doubt
    /// because of it.
    private func takeIdle() -> PostgresConnection? {
        while let connection = state.withLock({ $0.idle.popLast() }) {
            if connection.isQuiet { return connection }
        }
        return nil
    }

    private func keep(_ connection: PostgresConnection) {
        let now = ContinuousClock.now
        let spare = state.withLock { state -> [PostgresConnection] in
            let spare = state.idle.filter { $0.lastUsed.duration(to: now) > Self.spareTime }
            state.idle.removeAll { $0.lastUsed.duration(to: now) > Self.spareTime }
            state.idle.append(connection)
            return spare
        }
        // Closed here, and not under the lock.
        _ = spare
    }

    // MARK: - Connecting

    /// Finds the hosts, of which libpq may know more than the address: from the environment and the service file.
    private func resolveHosts(
        until deadline: ContinuousClock.Instant,
        _ failure: inout PostgresClusterFailure
    ) throws(PostgresClusterFailure) {
        guard state.withLock({ $0.hosts == nil }) else { return }
        do throws(PostgresFailure) {
            let hosts = try PostgresConnection.hosts(configuration)
            state.withLock { $0.hosts = hosts }
        } catch {
            failure.add(error, at: nil)
            throw failure
        }
    }

    private func connect(
        to index: Int,
        _ host: PostgresHost,
        until end: ContinuousClock.Instant
    ) throws(PostgresFailure) -> PostgresConnection {
        do throws(PostgresFailure) {
            let connection = try PostgresConnection(configuration, host: host)
            connection.hostIndex = index
            try connection.finishConnecting(until: end)
            connection.schema = try schema(connection, until: end)
            if !forReading { try connection.schema.checkSequence(connection, until: end) }
            state.withLock { $0.hasTable = true }
            return connection
        } catch {
            // Only the table was asked for. The call itself was not sent, so another host may be tried with it.
            var failure = error
            failure.mayHaveHappened = false
            throw failure
        }
    }

    private func schema(
        _ connection: PostgresConnection,
        until end: ContinuousClock.Instant
    ) throws(PostgresFailure) -> PostgresSchema {
        if let schema = try PostgresSchema.read(connection, forReading: forReading, until: end) { return schema }
        guard state.withLock({ !$0.hasTable }) else {
            throw PostgresFailure(
                .replaced,
                "the table \(PostgresSchema.table) is gone, which was there before: put it back, or stop all daemons on this "
                    + "store and repair what is to take its place before any is started",
                endsConnection: true
            )
        }
        guard makesTable else {
            throw PostgresFailure(
                .missing,
                "there is no table \(PostgresSchema.table) that this role sees: no daemon has used it yet, or the role lacks "
                    + "USAGE on its schema, or the schema in its search_path",
                endsConnection: true
            )
        }
        try PostgresSchema.make(connection, until: end)
        if let schema = try PostgresSchema.read(connection, forReading: forReading, until: end) { return schema }
        throw PostgresFailure(
            .refused,
            "the table \(PostgresSchema.table) was made and cannot be seen; see the role's search_path",
            endsConnection: true
        )
    }
}

/// Why no host answered a call: the failure of each that was tried.
struct PostgresClusterFailure: Error {
    private(set) var failures: [(host: String?, reason: PostgresFailure)] = []

    mutating func add(_ reason: PostgresFailure, at host: String?) {
        failures.append((host, reason))
    }

    /// Whether no other host is tried.
    func isFinal(_ isWrite: Bool) -> Bool {
        guard let last = failures.last?.reason else { return false }
        if isWrite, last.mayHaveHappened { return true }
        if case .tryElsewhere = last.consequence { return false }
        return true
    }

    /// Whether a write may have been done.
    var isInDoubt: Bool { failures.contains { $0.reason.mayHaveHappened } }

    /// - Parameter what: such as "read layout from".
    func storeError(doing what: String, _ address: PostgresAddress, isWrite: Bool) -> StoreError {
        // A refusal tells more about the cause than an unavailable host.
        let code = failures.lazy.map(\.reason.code).first { $0 != .unavailable } ?? .unavailable
        let reasons = failures.map { host, reason in (host.map { "\($0): " } ?? "") + reason.text }
        let isInDoubt = isWrite && isInDoubt
        return StoreError(
            code: code,
            message: "cannot \(what) the store \(address): \(reasons.joined(separator: "; "))"
                + (isInDoubt ? " (it may have been done all the same)" : "")
        )
    }
}

extension Duration {
    /// 0 to about 292 years.
    var wholeNanoseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (nanoseconds, overflows) = Int(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflows ? .max : nanoseconds + Int(attoseconds / 1_000_000_000)
    }
}
