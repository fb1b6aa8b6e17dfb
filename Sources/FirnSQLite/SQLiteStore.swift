internal import CSQLite
internal import FirnFiles
package import FirnStore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A store in one SQLite file: for all daemons on one host.
///
/// When a write is answered, it is on the disk (write-ahead log, synced at every commit). Any number of processes may
/// have the file open; it must be on a local file system. Before and after each call, the store checks whether the
/// file, or a file of its log, was removed or replaced (is another inode or on another device). If so, it refuses to
/// read and write, because the valid data is elsewhere. It continues when the same files are back.
package final class SQLiteStore: Store {
    /// How long a call waits for other processes before it fails with `.unavailable`.
    package static let busyTimeoutMilliseconds: Int32 = 2000

    struct State {
        var session: SQLiteSession?
        /// The database as it was first opened; it stays the same over all sessions.
        var database: SQLiteFiles.Identity?
        /// Set by a failed read, write or sync: what the system has cached may never reach the disk.
        var mustCheckpoint = false
    }

    /// The purpose for which a store is opened.
    package enum Use: Sendable {
        /// It is created if it is missing.
        case make
        /// It must exist.
        case write
        /// It must exist, and does not have to be writable.
        case read
    }

    let path: String
    private let access: SQLiteAccess
    let state: Mutex<State>

    /// Opens the store. Creates it, with its directory, if they are missing.
    ///
    /// Throws `.notOurs`, `.newerFormat` or `.corrupt` for a file that it must not use, and `.unwritable` if it may not
    /// write.
    ///
    /// - Parameter mayMake: If false, it throws `.missing` if there is no store, and creates nothing.
    package convenience init(path: String, mayMake: Bool = true) throws(StoreError) {
        try self.init(path: path, for: mayMake ? .make : .write)
    }

    /// Opens it for one of its uses.
    package init(path: String, for use: Use) throws(StoreError) {
        let path = try LocalPath.absolute(path)
        try LocalPath.requireRegular(path)
        if use != .read { try Self.requireSoleName(path) }
        self.path = path
        access =
            switch use {
            case .make: .make
            case .write: .write
            case .read: SQLiteFiles.accessForReading(path)
            }
        if access == .make {
            try LocalPath.makeDirectory(of: path)
        } else if SQLiteFiles.Identity(path: path) == nil {
            throw SQLiteSession.missingError(path)
        }
        state = Mutex(State())
        try perform("open") { _ in }
    }

    /// Whether it was opened for reading by a user who may not write it.
    package var isReadOnly: Bool { access == .read || access == .readUnchanging }

    /// Whether its records have sums, by which damage to one is noticed. A file of an earlier version gets them when it is
    /// first opened for writing.
    package func hasSums() throws(StoreError) -> Bool {
        try perform("read the form of") { $0.hasSums }
    }

    /// `path` as an absolute path.
    package static func absolute(_ path: String) throws(StoreError) -> String {
        try LocalPath.absolute(path)
    }

    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        checkKey(key)
        return try perform("read \(key) from") { try $0.read(key) }
    }

    package func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        keys.forEach(checkKey)
        guard !keys.isEmpty else { return [] }
        do throws(CallFailure) {
            return try attempt { session in
                try keys.map { key in
                    do {
                        return .success(try session.read(key))
                    } catch let error as StoreError {
                        // Of this record alone.
                        return .failure(error)
                    }
                }
            }
        } catch {
            return keys.map { .failure(storeError(error, doing: "read \($0) from")) }
        }
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        return try perform("list \(prefix) of") { try $0.list(prefix: prefix) }
    }

    package func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        return try perform("list \(prefix) of") { try $0.list(prefix: prefix, after: after, limit: limit) }
    }

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try write([StoreWrite(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue)])[0].get()
    }

    /// In one transaction, with one sync: if it fails, all of them have failed.
    package func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        for write in writes { checkKey(write.key) }
        guard !writes.isEmpty else { return [] }
        do throws(CallFailure) {
            let versions = try attempt { try $0.write(writes) }
            return versions.map { .success($0.map { .written(version: $0) } ?? .conflict) }
        } catch {
            return writes.map { .failure(storeError(error, doing: "write \($0.key) to")) }
        }
    }

    package func highestVersion() throws(StoreError) -> UInt64 {
        try perform("read the last version of") { try $0.highestVersion() }
    }

    /// Closes the file. Where no other process has it open, it has all records then, and no log is beside it. A later call opens
    /// it again.
    package func close() {
        state.withLock { $0.session = nil }
    }

    /// Why a call failed, before it is said in words what was called.
    private enum CallFailure: Error {
        case store(StoreError)
        case database(SQLiteFailure)
    }

    private func storeError(_ failure: CallFailure, doing what: String) -> StoreError {
        switch failure {
        case .store(let error): error
        case .database(let failure): failure.storeError(path: path, doing: what, access)
        }
    }

    /// Runs `body` on an open session.
    ///
    /// - Parameter what: such as "read layout from".
    func perform<Result: Sendable>(
        _ what: String,
        _ body: (SQLiteSession) throws -> Result
    ) throws(StoreError) -> Result {
        do throws(CallFailure) {
            return try attempt(body)
        } catch {
            throw storeError(error, doing: what)
        }
    }

    /// Runs `body` on an open session, and closes the session if it can no longer be trusted.
    private func attempt<Result: Sendable>(_ body: (SQLiteSession) throws -> Result) throws(CallFailure) -> Result {
        try state.withLock { state throws(CallFailure) in
            do {
                let session = try openSession(&state)
                if let replaced = session.files.firstReplaced() { throw Self.replacedError(replaced) }
                let result = try body(session)
                // Also checked after the call: what was written to a file that had just been removed is lost.
                if let replaced = session.files.firstReplaced() { throw Self.replacedError(replaced) }
                return result
            } catch let error as StoreError {
                throw .store(error)
            } catch let failure as SQLiteFailure {
                // When a file was removed during a call, the disk is not the cause.
                let replaced = state.session?.files.firstReplaced()
                if failure.primaryCode == SQLITE_IOERR { state.mustCheckpoint = true }
                if state.mustCheckpoint || state.session?.connection.isInTransaction == true { state.session = nil }
                if let replaced { throw .store(Self.replacedError(replaced)) }
                throw .database(failure)
            } catch {
                preconditionFailure("a session throws nothing else: \(error)")
            }
        }
    }

    private func openSession(_ state: inout State) throws -> SQLiteSession {
        if let session = state.session { return session }
        // Checked before opening, which would create a new file if this store's file was removed.
        if let database = state.database, SQLiteFiles.Identity(path: path) != database {
            throw Self.replacedError(path)
        }
        let session = try SQLiteSession(
            path: path,
            busyTimeoutMilliseconds: Self.busyTimeoutMilliseconds,
            access: access,
            checkpoint: state.mustCheckpoint
        )
        if let database = state.database, session.files.database != database { throw Self.replacedError(path) }
        state.database = session.files.database
        state.mustCheckpoint = false
        state.session = session
        return session
    }

    private static func replacedError(_ path: String) -> StoreError {
        StoreError(
            code: .replaced,
            message: "\(path) was removed or replaced while in use: put the file back, or stop all daemons on this "
                + "store and repair what is to take its place before any is started: 'firn store repair', with "
                + "--skip-values if there were sequences"
        )
    }
}

extension SQLiteFailure {
    func storeError(path: String, doing what: String, _ access: SQLiteAccess) -> StoreError {
        let (code, advice) = meaning(path, access)
        return StoreError(code: code, message: "cannot \(what) the store \(path): \(text); \(advice)")
    }

    private func meaning(_ path: String, _ access: SQLiteAccess) -> (StoreError.Code, String) {
        switch primaryCode {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return (
                .unavailable,
                "another process keeps it locked, such as a sqlite3 shell in a transaction: 'fuser \(path)' names it"
            )
        case _ where isOutOfRoom:
            return (.diskFull, "make room on its file system")
        case _ where code == Self.shortRead:
            return (
                .replaced,
                "it was cut short, or its log \(path)-wal was removed or replaced while a process uses it: put that back, or "
                    + "stop all daemons on this store, restore it and run 'firn store repair'"
            )
        case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
            guard access.isReadOnly else {
                return (.unwritable, "give this user write permission for the file and its directory")
            }
            return (
                .unwritable,
                "let this user read the file and those beside it (-wal, -shm), or copy all of them to a directory that it "
                    + "may write in"
            )
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_MISMATCH, SQLITE_CONSTRAINT:
            return (.corrupt, "restore it, or move it away once all its daemons have stopped")
        default:
            return (.ioFailed, "see the system's log for the disk or file system under it")
        }
    }

    /// SQLITE_IOERR_SHORT_READ: the log is shorter than its index says.
    private static let shortRead: Int32 = 522

    /// SQLite has a code for this only for a write to the database, but not for its log's index, or for a quota.
    private var isOutOfRoom: Bool {
        switch primaryCode {
        case SQLITE_FULL: true
        case SQLITE_IOERR, SQLITE_CANTOPEN: systemError == ENOSPC || systemError == EDQUOT
        default: false
        }
    }
}
