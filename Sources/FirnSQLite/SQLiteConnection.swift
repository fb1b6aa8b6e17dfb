internal import CSQLite
internal import FirnStore

/// The error that SQLite returned.
struct SQLiteFailure: Error {
    /// SQLite's extended result code.
    var code: Int32
    /// SQLite's own message, with the code.
    var text: String
    /// The error of the underlying system call; 0 if there was none.
    var systemError: Int32 = 0

    var primaryCode: Int32 { code & 0xFF }

    var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }
}

/// How a database may be used.
enum SQLiteAccess: Sendable {
    case make, write
    /// Sees what daemons write in the meantime.
    case read
    /// It is read as a file that nobody writes: for a file without a log, where none can be created.
    case readUnchanging
    /// As `read`, by a user who may write: SQLite opens the file for writing, so that it keeps the log beside it in order and
    /// leaves none behind. No record and no table is changed.
    case readKeepingLog

    var isReadOnly: Bool {
        switch self {
        case .make, .write: false
        case .read, .readUnchanging, .readKeepingLog: true
        }
    }
}

/// An open database. Owns its handle; not to be used by two threads at once.
final class SQLiteConnection {
    fileprivate let handle: OpaquePointer

    /// Opens the file at `path`, or creates it if it is missing and that is allowed. Its content is not changed.
    init(
        path: String,
        busyTimeoutMilliseconds: Int32,
        access: SQLiteAccess = .make
    ) throws(SQLiteFailure) {
        var opened: OpaquePointer?
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        var name = path
        switch access {
        case .make, .write: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .readKeepingLog: flags |= SQLITE_OPEN_READWRITE
        case .read: flags |= SQLITE_OPEN_READONLY
        case .readUnchanging:
            flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            name = "file:\(Self.escaped(path))?immutable=1"
        }
        let code = sqlite3_open_v2(name, &opened, flags, nil)
        guard let opened else { throw SQLiteFailure(code: SQLITE_NOMEM, text: "out of memory") }
        handle = opened
        guard code == SQLITE_OK else { throw failure(code) }
        sqlite3_busy_timeout(handle, busyTimeoutMilliseconds)
        let lookaside = csqlite_disable_lookaside(handle)
        guard lookaside == SQLITE_OK else { throw failure(lookaside) }
        if access == .readKeepingLog { try run("PRAGMA query_only = ON") }
    }

    /// The path, escaped for a URI.
    private static func escaped(_ path: String) -> String {
        path.utf8.map { byte in
            let isPlain = byte > 0x20 && byte < 0x7F && !"%?#".utf8.contains(byte)
            return isPlain
                ? String(Unicode.Scalar(byte)) : "%" + hexadecimal(UInt64(byte), digits: 2, uppercase: true)
        }.joined()
    }

    deinit {
        // Statements that still exist keep the database open until the last of them is finalized.
        sqlite3_close_v2(handle)
    }

    /// SQLite opens a file that it may not write read-only, and reports no error.
    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

    /// Where the database file is, with all symbolic links followed.
    var resolvedPath: String? { sqlite3_db_filename(handle, "main").map { String(cString: $0) } }

    /// Whether the path leads to another file than the one that is open.
    var hasMoved: Bool {
        var moved: Int32 = 0
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved)
        return code != SQLITE_OK || moved != 0
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    func run(_ text: String) throws(SQLiteFailure) {
        let code = sqlite3_exec(handle, text, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code) }
    }

    /// The first column of the first row, as a number.
    func number(_ text: String) throws(SQLiteFailure) -> Int64 {
        let statement = try SQLiteStatement(self, text)
        guard try statement.step() else { return 0 }
        return statement.number(0)
    }

    /// Runs `body` between `BEGIN IMMEDIATE` and `COMMIT`, or `ROLLBACK` if it throws or has changed nothing.
    func transaction<Result>(
        _ body: () throws(SQLiteFailure) -> (result: Result, hasChanged: Bool)
    ) throws(SQLiteFailure) -> Result {
        try run("BEGIN IMMEDIATE")
        do throws(SQLiteFailure) {
            let (result, hasChanged) = try body()
            try run(hasChanged ? "COMMIT" : "ROLLBACK")
            return result
        } catch {
            // Some failures have rolled back already. If this one fails, the caller sees `isInTransaction`.
            if isInTransaction { try? run("ROLLBACK") }
            throw error
        }
    }

    func failure(_ code: Int32) -> SQLiteFailure {
        let words = String(cString: sqlite3_errmsg(handle))
        let systemError = sqlite3_system_errno(handle)
        let system = systemError == 0 ? "" : ", errno \(systemError)"
        return SQLiteFailure(
            code: code,
            text: "\(words) (SQLite code \(code)\(system))",
            systemError: systemError
        )
    }
}

/// A prepared statement. Owns its handle and keeps its connection.
final class SQLiteStatement {
    private let connection: SQLiteConnection
    private let handle: OpaquePointer

    init(_ connection: SQLiteConnection, _ text: String) throws(SQLiteFailure) {
        var prepared: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        let code = sqlite3_prepare_v3(connection.handle, text, -1, flags, &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw connection.failure(code) }
        self.connection = connection
        handle = prepared
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// Parameters count from 1.
    func bind(_ index: Int32, _ text: String) throws(SQLiteFailure) {
        let code = csqlite_bind_text_copy(handle, index, text, Int32(text.utf8.count))
        guard code == SQLITE_OK else { throw connection.failure(code) }
    }

    func bind(_ index: Int32, _ number: Int64) throws(SQLiteFailure) {
        let code = sqlite3_bind_int64(handle, index, number)
        guard code == SQLITE_OK else { throw connection.failure(code) }
    }

    /// Whether there is another row.
    func step() throws(SQLiteFailure) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw connection.failure(code)
        }
    }

    /// Makes the statement ready to run again; a statement left in the middle would hold its read transaction open.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// Columns count from 0. nil if the text is not UTF-8.
    func text(_ column: Int32) -> String? {
        guard let bytes = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(validating: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    func number(_ column: Int32) -> Int64 {
        sqlite3_column_int64(handle, column)
    }
}
