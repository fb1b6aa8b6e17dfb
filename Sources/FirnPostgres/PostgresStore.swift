package import FirnStore
internal import Synchronization

/// A store in a table of a PostgreSQL database: for daemons on many hosts.
///
/// A version is drawn from a sequence by the statement that writes the record, so a write that began after another was
/// answered has the higher version. The highest version is that of the table. It is not the sequence's: a standby that was
/// promoted continues its sequence up to 32 values past the records that it has, and would hide that it lost some.
///
/// Two writes at once may be committed in the other order than their versions. That harms nothing:
/// - The versions of one record rise: a write of it expects the version that an earlier one was answered with, so it
///   draws its own later. For the same reason the highest version never falls.
/// - A journal compares a write only with those that were answered before it began, all of which have lower versions.
/// - A standby can have the later version and lack the earlier one. The highest version then hides the loss; the daemon
///   whose write is lacking finds it by the record that it wrote last, as it makes its writes to sequences one after the
///   other, or in one transaction.
///
/// Each call is one message with one transaction, without anything that outlives it in the session, so that PgBouncer may
/// be in between. Commits wait for the disk, and for the synchronous standbys, whatever the server's default is. Only a
/// primary is read: a standby's records may be old.
///
/// Calls block for ``PostgresConfiguration/timeout`` at most, besides looking up a host's name. Nothing is connected
/// before the first call. A read goes from host to host until one answers. A write does so only as long as it provably was
/// not sent; after that, a write without an answer may or may not be done.
package final class PostgresStore: Store {
    /// What the store is opened for.
    package enum Use: Sendable {
        /// The table is made if it is missing and the role may.
        case make
        case write
        /// A role that may only read is enough.
        case read
    }

    private let configuration: PostgresConfiguration
    private let cluster: PostgresCluster
    /// Whether a write was in doubt since the store was opened. From then on what is read must be confirmed by the
    /// synchronous standbys: it may be that write, which is on one server alone. It stays so, because the write may be done
    /// at any later time.
    private let wasInDoubt = Atomic(false)

    /// Writes of one statement: some 250 KiB of workers.
    static let maximumWrites = 1000

    /// Records of one page, at most.
    private static let pageLength = 1000

    package init(_ configuration: PostgresConfiguration, for use: Use = .make) {
        self.configuration = configuration
        cluster = PostgresCluster(configuration, forReading: use == .read, makesTable: use == .make)
    }

    /// Closes the connections. Later calls connect again.
    package func close() {
        cluster.close()
    }

    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        checkKey(key)
        return try records("read \(key) from") { "key = \($0.literal(key))" }.first.map {
            StoredValue(value: $0.value, version: $0.version)
        }
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        return try records("list \(prefix) of") { Self.range(of: prefix, after: nil, on: $0) }
    }

    package func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        let limit = min(limit, Self.pageLength)
        return try records("list \(prefix) of", limit: limit) { Self.range(of: prefix, after: after, on: $0) }
    }

    private static func range(of prefix: String, after: String?, on connection: PostgresConnection) -> String {
        let first = after.map { "key > \(connection.literal($0))" } ?? "key >= \(connection.literal(prefix))"
        guard let end = endOfRange(of: prefix) else { return first }
        return "\(first) AND key < \(connection.literal(end))"
    }

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        checkKey(key)
        let write = StoreWrite(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue)
        guard Self.mayBeWritten(write) else { return .conflict }
        let rows = try perform("write \(key) to", isWrite: true) { PostgresWrites.one(write, on: $0) }
        guard let row = rows.first else { return .conflict }
        return .written(version: try assigned(row.first ?? nil, to: write))
    }

    package func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        keys.forEach(checkKey)
        guard !keys.isEmpty else { return [] }
        do throws(StoreError) {
            let records = try records("read \(keys.count) records from") { connection in
                "key IN (\(keys.map { connection.literal($0) }.joined(separator: ", ")))"
            }
            var values: [String: StoredValue] = [:]
            for record in records { values[record.key] = StoredValue(value: record.value, version: record.version) }
            return keys.map { .success(values[$0]) }
        } catch {
            return keys.map { _ in .failure(error) }
        }
    }

    package func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        var results: [Result<WriteOutcome, StoreError>] = []
        for start in stride(from: 0, to: writes.count, by: Self.maximumWrites) {
            results += writeTogether(writes[start..<min(start + Self.maximumWrites, writes.count)])
        }
        return results
    }

    package func highestVersion() throws(StoreError) -> UInt64 {
        let rows = try perform("read the last version of", isWrite: false) { connection in
            "SELECT max(version) FROM \(connection.schema.qualifiedTable)"
        }
        guard let text = rows.first?.first ?? nil else { return 0 }
        return try version(text, key: "max(version)")
    }

    package func checkVersions() throws(StoreError) {
        do throws(PostgresClusterFailure) {
            try cluster.perform(isWrite: false) { connection, end throws(PostgresFailure) in
                try connection.schema.checkSequence(connection, until: end)
            }
        } catch {
            throw error.storeError(doing: "check", configuration.address, isWrite: false)
        }
    }
}

extension PostgresStore {
    /// Runs one statement, and returns its rows.
    private func perform(
        _ what: String,
        isWrite: Bool,
        _ statement: (PostgresConnection) -> String
    ) throws(StoreError) -> [[String?]] {
        do throws(PostgresClusterFailure) {
            return try cluster.perform(isWrite: isWrite) { connection, end throws(PostgresFailure) in
                try PostgresPreface.run(
                    statement(connection),
                    isWrite: isWrite,
                    isConfirmed: !isWrite && wasInDoubt.load(ordering: .acquiring),
                    on: connection,
                    until: end
                ).rows
            }
        } catch {
            if isWrite, error.isInDoubt { wasInDoubt.store(true, ordering: .releasing) }
            throw error.storeError(doing: what, configuration.address, isWrite: isWrite)
        }
    }

    private func records(
        _ what: String,
        limit: Int? = nil,
        where condition: (PostgresConnection) -> String
    ) throws(StoreError) -> [StoredRecord] {
        let rows = try perform(what, isWrite: false) { connection in
            "SELECT key, value, version FROM \(connection.schema.qualifiedTable) WHERE \(condition(connection)) ORDER BY key"
                + (limit.map { " LIMIT \($0)" } ?? "")
        }
        var records: [StoredRecord] = []
        records.reserveCapacity(rows.count)
        for row in rows {
            guard row.count == 3, let key = row[0], let value = row[1] else { continue }
            records.append(StoredRecord(key: key, value: value, version: try version(row[2], key: key)))
        }
        return records
    }

    private func writeTogether(_ writes: ArraySlice<StoreWrite>) -> [Result<WriteOutcome, StoreError>] {
        writes.forEach { checkKey($0.key) }
        let possible = writes.filter(Self.mayBeWritten)
        guard !possible.isEmpty else { return writes.map { _ in .success(.conflict) } }
        do throws(StoreError) {
            let rows = try perform("write \(possible.count) records to", isWrite: true) {
                PostgresWrites.together(possible, on: $0)
            }
            var versions: [String: String?] = [:]
            for row in rows {
                guard let key = row.first ?? nil else { continue }
                versions[key] = row.last ?? nil
            }
            return writes.map { write in
                Result { () throws(StoreError) in
                    guard let text = versions[write.key] else { return .conflict }
                    return .written(version: try assigned(text, to: write))
                }
            }
        } catch {
            return writes.map { write in Self.mayBeWritten(write) ? .failure(error) : .success(.conflict) }
        }
    }

    /// Whether a record can have that version at all.
    private static func mayBeWritten(_ write: StoreWrite) -> Bool {
        guard let version = write.ifVersion else { return write.ifValue == nil }
        return version > 0 && version <= UInt64(Int64.max)
    }

    /// The version that a write was assigned, which is above the one that it replaced.
    private func assigned(_ text: String?, to write: StoreWrite) throws(StoreError) -> UInt64 {
        let version = try version(text, key: write.key)
        let former = write.ifVersion ?? 0
        guard version > former else {
            throw StoreError(
                code: .corrupt,
                message:
                    "\(write.key) in the store \(configuration.address) went from version \(former) to \(version): the "
                    + "sequence \(PostgresSchema.sequence) was set back. Stop all daemons on this store, and set it to the "
                    + "highest version (setval)"
            )
        }
        return version
    }

    private func version(_ text: String?, key: String) throws(StoreError) -> UInt64 {
        guard let version = text.flatMap({ UInt64($0) }), version > 0 else {
            throw StoreError(
                code: .corrupt,
                message:
                    "\(key) in the store \(configuration.address) has the version \(text ?? "NULL"), which Firn never "
                    + "wrote: it was edited by hand. Restore the row"
            )
        }
        return version
    }

    /// The least text above all that begin with `prefix`, which is ASCII; nil if there is none.
    private static func endOfRange(of prefix: String) -> String? {
        guard let last = prefix.utf8.last else { return nil }
        return prefix.dropLast() + String(Unicode.Scalar(last + 1))
    }
}
