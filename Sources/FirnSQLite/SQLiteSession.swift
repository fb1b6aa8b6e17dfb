internal import FirnStore

/// A connection to a file that was verified to be a Firn store, with its statements.
final class SQLiteSession {
    /// "Firn", in the header of every store.
    static let applicationID: Int64 = 0x4669_726E
    static let schemaVersion: Int64 = 1

    let connection: SQLiteConnection
    let files: SQLiteFiles
    /// Whether its records have sums, by which damage to one is noticed.
    let hasSums: Bool
    private let selectOne: SQLiteStatement
    private let selectFrom: SQLiteStatement
    private let lastVersion: SQLiteStatement
    private let nextVersion: SQLiteStatement
    private let upsert: SQLiteStatement?

    /// - Parameter checkpoint: Whether to move the log into the database before any content is trusted. After a failed
    ///   sync, Linux no longer knows that its cached data is not on the disk; only writing it again makes it durable.
    init(path: String, busyTimeoutMilliseconds: Int32, access: SQLiteAccess, checkpoint: Bool) throws {
        connection = try SQLiteConnection(
            path: path,
            busyTimeoutMilliseconds: busyTimeoutMilliseconds,
            access: access
        )
        if connection.isReadOnly, !access.isReadOnly {
            throw StoreError(
                code: .unwritable,
                message: "the store \(path) may be read but not written: give this user write permission for it and "
                    + "its directory"
            )
        }
        let isFresh = try Self.isFresh(connection, path: path)
        guard access == .make || !isFresh else { throw Self.missingError(path) }
        if !access.isReadOnly { try Self.setUp(connection, busyTimeoutMilliseconds: busyTimeoutMilliseconds) }
        if isFresh { try Self.initialize(connection, path: path) }
        if checkpoint, !access.isReadOnly, try connection.number("PRAGMA wal_checkpoint(TRUNCATE)") != 0 {
            throw StoreError(code: .unavailable, message: "the store \(path) is busy and cannot be made durable; retry")
        }
        if !access.isReadOnly { try Self.addSums(connection) }
        try Self.checkWhole(connection, path: path)
        hasSums = try Self.hasSums(connection)
        let sum = hasSums ? "sum" : "0"
        selectOne = try SQLiteStatement(connection, "SELECT value, version, \(sum) FROM records WHERE key = ?1")
        selectFrom = try SQLiteStatement(
            connection,
            "SELECT key, value, version, \(sum) FROM records WHERE key >= ?1 ORDER BY key"
        )
        lastVersion = try SQLiteStatement(connection, "SELECT last FROM versions")
        nextVersion = try SQLiteStatement(connection, "UPDATE versions SET last = last + 1 RETURNING last")
        let upsert = """
            INSERT INTO records (key, value, version, sum) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, sum = excluded.sum
            """
        // Nothing is written where the column may be missing.
        self.upsert = access.isReadOnly ? nil : try SQLiteStatement(connection, upsert)
        // A copy without a log gets one with the first read.
        _ = try connection.number("SELECT last FROM versions")
        var files = SQLiteFiles(path: path, resolvedPath: connection.resolvedPath ?? path)
        // A backup without a log does not get one by being read.
        let hasLog = files.log != nil && files.logIndex != nil
        files.isLogOurs = !access.isReadOnly || access == .readKeepingLog && hasLog
        self.files = files
        guard files.areComplete, !connection.hasMoved else {
            throw StoreError(
                code: .replaced,
                message: "the store \(path) was removed or replaced while it was opened: try again"
            )
        }
    }

    static func missingError(_ path: String) -> StoreError {
        StoreError(
            code: .missing,
            message: "there is no store \(path): give --store the file that the daemons use (their log names it)"
        )
    }

    func read(_ key: String) throws -> StoredValue? {
        defer { selectOne.reset() }
        try selectOne.bind(1, key)
        guard try selectOne.step() else { return nil }
        return try Self.stored(selectOne, 0, key)
    }

    func list(prefix: String, after: String? = nil, limit: Int = .max) throws -> [StoredRecord] {
        defer { selectFrom.reset() }
        try selectFrom.bind(1, after ?? prefix)
        var records: [StoredRecord] = []
        while records.count < limit, try selectFrom.step() {
            let key = try Self.text(selectFrom, 0, prefix)
            guard key.utf8.starts(with: prefix.utf8) else { break }
            if key == after { continue }
            let stored = try Self.stored(selectFrom, 1, key)
            records.append(StoredRecord(key: key, value: stored.value, version: stored.version))
        }
        return records
    }

    /// The version of the last write; 0 before the first.
    func highestVersion() throws -> UInt64 {
        defer { lastVersion.reset() }
        guard try lastVersion.step(), let version = UInt64(exactly: lastVersion.number(0)) else {
            throw StoreError(code: .corrupt, message: "the table versions has no version: Firn did not write it")
        }
        return version
    }

    /// Makes the writes in one transaction, with one sync. For each, the new version, or nil if the record was not at
    /// `ifVersion`, or, when `ifValue` is given, had another value.
    func write(_ writes: [StoreWrite]) throws -> [UInt64?] {
        try connection.transaction { () throws(SQLiteFailure) in
            var versions: [UInt64?] = []
            for write in writes { versions.append(try self.replace(write)) }
            return (versions, versions.contains { $0 != nil })
        }
    }

    private func replace(_ write: StoreWrite) throws(SQLiteFailure) -> UInt64? {
        defer {
            selectOne.reset()
            nextVersion.reset()
            upsert?.reset()
        }
        guard let upsert else { preconditionFailure("a store that is only read is not written") }
        try selectOne.bind(1, write.key)
        let version = try selectOne.step() ? UInt64(bitPattern: selectOne.number(1)) : nil
        guard version == write.ifVersion else { return nil }
        if let ifValue = write.ifValue, version == nil || selectOne.text(0) != ifValue { return nil }
        guard try nextVersion.step() else { return nil }
        let next = nextVersion.number(0)
        // The statement is run to its end: it returns the row before the update is complete.
        _ = try nextVersion.step()
        try upsert.bind(1, write.key)
        try upsert.bind(2, write.value)
        try upsert.bind(3, next)
        let written = UInt64(bitPattern: next)
        try upsert.bind(4, Self.sum(key: write.key, value: write.value, version: written))
        _ = try upsert.step()
        return written
    }

    /// The value, the version and the sum in three columns.
    private static func stored(_ statement: SQLiteStatement, _ column: Int32, _ key: String) throws -> StoredValue {
        let value = try text(statement, column, key)
        let version = try version(statement, column + 1, key)
        guard !isDamaged(statement.number(column + 2), key: key, value: value, version: version) else {
            throw damaged(key)
        }
        return StoredValue(value: value, version: version)
    }

    private static func text(_ statement: SQLiteStatement, _ column: Int32, _ key: String) throws -> String {
        if let text = statement.text(column) { return text }
        throw StoreError(code: .corrupt, message: "the record \(key) is not UTF-8 text: Firn did not write it")
    }

    private static func version(_ statement: SQLiteStatement, _ column: Int32, _ key: String) throws -> UInt64 {
        if let version = UInt64(exactly: statement.number(column)), version > 0 { return version }
        throw StoreError(
            code: .corrupt,
            message: "the record \(key) has version \(statement.number(column)), and versions begin at 1: "
                + "Firn did not write it"
        )
    }
}
