internal import CPostgres
internal import FirnStore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A connection to a server, or to PgBouncer in front of it. It keeps no state in the session that a later call needs.
///
/// Unchecked, because libpq's handle is a pointer: the store gives a connection to one thread at a time.
final class PostgresConnection: @unchecked Sendable {
    /// The rows of one statement.
    struct Rows {
        fileprivate(set) var rows: [[String?]] = []
    }

    private let library: UnsafePointer<cpostgres>
    private let handle: OpaquePointer
    /// Not 0 once the server has said that a commit was not confirmed by its standbys.
    private let unconfirmed = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    /// How long a whole call may take, for messages.
    private let timeout: Duration
    /// Which of the store's hosts it is connected to.
    var hostIndex = 0
    /// The names of the table and the sequence, once they were checked.
    var schema: PostgresSchema {
        get {
            guard let checked else { preconditionFailure("nothing is called before the table was checked") }
            return checked
        }
        set { checked = newValue }
    }
    private var checked: PostgresSchema?
    /// When a call last ended.
    var lastUsed = ContinuousClock.now

    /// Begins to connect. ``finishConnecting(until:)`` follows.
    ///
    /// - Parameter host: the only host to connect to; nil: what the address says.
    init(_ configuration: PostgresConfiguration, host: PostgresHost?) throws(PostgresFailure) {
        do throws(PostgresAddressError) {
            library = try PostgresLibrary.functions()
        } catch {
            throw PostgresFailure(.refused, error.description)
        }
        timeout = configuration.timeout
        var parameters = configuration.address.parameters.filter { !Self.isOurs($0.keyword, host) }
        parameters += host?.parameters ?? []
        parameters += Self.defaults.filter { configuration.address.value(of: $0.keyword) == nil }
        parameters += Self.required
        let keywords: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.keyword)) } + [nil]
        let values: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.value)) } + [nil]
        defer { (keywords + values).forEach { free(UnsafeMutablePointer(mutating: $0)) } }
        guard let started = library.pointee.connect_start(keywords, values, 0) else {
            throw PostgresFailure(.unavailable, "out of memory")
        }
        handle = started
        // With the SQLSTATE, which does not depend on the server's language.
        _ = library.pointee.set_error_verbosity(handle, PQERRORS_VERBOSE)
        unconfirmed.initialize(to: 0)
        _ = library.pointee.set_notice_receiver(handle, cpostgres_note_notice, unconfirmed)
    }

    /// The hosts of the address; where it names none, those of the environment and the service file, which libpq reads
    /// when it begins to connect.
    static func hosts(_ configuration: PostgresConfiguration) throws(PostgresFailure) -> [PostgresHost] {
        var found = configuration.address.parameters
        if !found.contains(where: { ["host", "hostaddr"].contains($0.keyword) }) {
            let probe = try PostgresConnection(configuration, host: nil)
            let (status, words) = (probe.library.pointee.status(probe.handle), probe.errorText)
            if status == CONNECTION_BAD, words.contains("service") { throw PostgresFailure(connecting: words) }
            guard let options = probe.library.pointee.conninfo(probe.handle) else {
                throw PostgresFailure(connecting: words)
            }
            found = PostgresAddress.parameters(options)
            probe.library.pointee.conninfo_free(options)
        }
        func value(_ keyword: String) -> String? { found.first { $0.keyword == keyword }?.value }
        return PostgresHost.list(hosts: value("host"), addresses: value("hostaddr"), ports: value("port"))
    }

    deinit {
        library.pointee.finish(handle)
        unconfirmed.deallocate()
    }

    /// Whether the parameter is replaced.
    private static func isOurs(_ keyword: String, _ host: PostgresHost?) -> Bool {
        required.contains { $0.keyword == keyword } || host != nil && ["host", "hostaddr", "port"].contains(keyword)
    }

    /// A firewall that forgot an idle connection drops what comes on it. By these the kernel finds out within a minute,
    /// and not the next call.
    private static let defaults: [PostgresAddress.Parameter] = [
        .init(keyword: "fallback_application_name", value: "firnd"),
        .init(keyword: "keepalives_idle", value: "30"), .init(keyword: "keepalives_interval", value: "10"),
        .init(keyword: "keepalives_count", value: "3"),
    ]

    /// The hosts are tried one by one by the store, which takes only a server that can be written to.
    private static let required: [PostgresAddress.Parameter] = [
        .init(keyword: "client_encoding", value: "UTF8"), .init(keyword: "target_session_attrs", value: "any"),
    ]

    // MARK: - Connecting

    func finishConnecting(until deadline: ContinuousClock.Instant) throws(PostgresFailure) {
        guard library.pointee.status(handle) != CONNECTION_BAD else { throw PostgresFailure(connecting: errorText) }
        var events = Int16(POLLOUT)
        while true {
            try wait(for: events, until: deadline)
            switch library.pointee.connect_poll(handle) {
            case PGRES_POLLING_READING: events = Int16(POLLIN)
            case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
            case PGRES_POLLING_OK:
                _ = library.pointee.set_nonblocking(handle, 1)
                return
            default: throw PostgresFailure(connecting: errorText)
            }
        }
    }

    /// For example 150018.
    var serverVersion: Int32 { library.pointee.server_version(handle) }

    private var errorText: String {
        library.pointee.error_message(handle).map { String(cString: $0) } ?? ""
    }

    /// Whether nothing has come on the idle connection, neither its end nor a server's last words.
    var isQuiet: Bool {
        var entry = pollfd(fd: library.pointee.socket(handle), events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0 && library.pointee.status(handle) == CONNECTION_OK
    }

    // MARK: - Calls

    /// The text as a literal of SQL.
    func literal(_ text: String) -> String {
        // PostgreSQL's texts have no such byte, and no record of Firn has one.
        precondition(!text.utf8.contains(0), "a value in PostgreSQL has no zero byte")
        guard let escaped = library.pointee.escape_literal(handle, text, text.utf8.count) else {
            preconditionFailure("libpq escapes what is valid UTF-8: \(errorText)")
        }
        defer { library.pointee.free_memory(escaped) }
        return String(cString: escaped)
    }

    /// Sends statements, which are one transaction, and waits for the results of all of them.
    func run(_ statements: String, until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> [Rows] {
        unconfirmed.pointee = 0
        guard library.pointee.send_query(handle, statements) == 1 else { throw PostgresFailure.lost(lostText) }
        do throws(PostgresFailure) {
            try flush(until: deadline)
            var results: [Rows] = []
            var failure: PostgresFailure?
            while let result = try nextResult(until: deadline) {
                defer { library.pointee.clear(result) }
                switch library.pointee.result_status(result) {
                case PGRES_TUPLES_OK: results.append(rows(of: result))
                case PGRES_COMMAND_OK: results.append(Rows())
                // The first error tells the cause; what follows is that the connection was closed.
                default: failure = failure ?? Self.failure(of: result, library) ?? .lost(lostText)
                }
            }
            lastUsed = .now
            if var failure {
                if library.pointee.status(handle) == CONNECTION_BAD { failure.endsConnection = true }
                throw failure
            }
            if unconfirmed.pointee != 0 { throw PostgresFailure.unconfirmed }
            return results
        } catch {
            var failure = error
            failure.mayHaveHappened = failure.mayHaveHappened || failure.code == .unavailable && failure.endsConnection
            throw failure
        }
    }

    private func flush(until deadline: ContinuousClock.Instant) throws(PostgresFailure) {
        while true {
            switch library.pointee.flush(handle) {
            case 0: return
            case 1:
                // What the server sends meanwhile must be read, or both wait for each other.
                let events = try wait(for: Int16(POLLIN | POLLOUT), until: deadline)
                if events & Int16(POLLIN) != 0, library.pointee.consume_input(handle) == 0 {
                    throw PostgresFailure.lost(lostText)
                }
            default: throw PostgresFailure.lost(lostText)
            }
        }
    }

    private func nextResult(until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> OpaquePointer? {
        while library.pointee.is_busy(handle) == 1 {
            try wait(for: Int16(POLLIN), until: deadline)
            guard library.pointee.consume_input(handle) == 1 else { break }
        }
        return library.pointee.get_result(handle)
    }

    /// - Returns: the events that came.
    @discardableResult
    private func wait(for events: Int16, until deadline: ContinuousClock.Instant) throws(PostgresFailure) -> Int16 {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw PostgresFailure.late(timeout) }
            var entry = pollfd(fd: library.pointee.socket(handle), events: events, revents: 0)
            let (seconds, attoseconds) = left.components
            let milliseconds = min(seconds, 3600) * 1000 + attoseconds / 1_000_000_000_000_000
            // Rounded up, so that it does not spin in the last millisecond.
            if poll(&entry, 1, Int32(milliseconds) + 1) > 0 { return entry.revents }
        }
    }

    private var lostText: String { PostgresFailure.stateAndText(errorText).text }

    private func rows(of result: OpaquePointer) -> Rows {
        let functions = library.pointee
        let columns = functions.column_count(result)
        var rows = Rows()
        rows.rows = (0..<functions.row_count(result)).map { row in
            (0..<columns).map { column in
                guard functions.is_null(result, row, column) == 0, let value = functions.value(result, row, column)
                else { return nil }
                let bytes = UnsafeRawBufferPointer(start: value, count: Int(functions.length(result, row, column)))
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        return rows
    }

    /// nil if the error is libpq's own, and not the server's.
    private static func failure(of result: OpaquePointer, _ library: UnsafePointer<cpostgres>) -> PostgresFailure? {
        func field(_ code: UnicodeScalar) -> String? {
            library.pointee.error_field(result, Int32(code.value)).map { String(cString: $0) }
        }
        // PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL.
        guard let state = field("C"), let message = field("M") else { return nil }
        return PostgresFailure(state: state, words: (message + (field("D").map { ": \($0)" } ?? "")).lines)
    }
}
