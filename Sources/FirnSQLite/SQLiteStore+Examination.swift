internal import CSQLite
internal import FirnFiles
package import FirnStore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A store's file as it was found, without opening it for use.
package struct ExaminedStore {
    /// Its records, at their versions.
    package let records: any Store
    /// Where it was when a daemon used it last; nil: that is not recorded.
    package let recordedPlace: StorePlace?
    package let presentPlace: StorePlace
    /// Whether the last write is among them: there was no log beside the file, as after a daemon's clean stop, or the
    /// file could be copied with its log.
    package let isWhole: Bool
}

extension SQLiteStore {
    /// Examines the store at `path`, or the place where it would be created, and changes nothing there: no file is
    /// created, no lock is taken. A file with a log beside it is read from a copy.
    ///
    /// - Returns: its records. If no copy can be made, those that are still in the log are missing. Nil if there is no
    ///   store yet.
    /// - Throws: the errors that opening it would throw.
    package static func examine(path: String) throws(StoreError) -> ExaminedStore? {
        let path = try LocalPath.absolute(path)
        guard try LocalPath.examineDirectory(of: path) else { return nil }
        try LocalPath.requireRoom(LocalPath.parent(of: path), SQLiteFiles.roomToOpen(path), option: "--store")
        var status = stat()
        guard stat(path, &status) == 0 else {
            try LocalPath.requireWritable(LocalPath.parent(of: path), option: "--store")
            return nil
        }
        try LocalPath.requireRegular(path)
        try requireSoleName(path)
        try LocalPath.requireWritable(path, option: "--store")
        // A process that has it open keeps the files of its log there, and then no file has to be created.
        if access(path + "-wal", F_OK) != 0 || access(path + "-shm", F_OK) != 0 {
            try LocalPath.requireWritable(LocalPath.parent(of: path), option: "--store")
        }
        var turnsLeft = 3
        while true {
            do throws(StoreError) {
                return try copy(of: path)
            } catch {
                // A daemon may be moving records from the log to the file at this moment.
                turnsLeft -= 1
                guard error.code == .corrupt, turnsLeft > 0 else { throw error }
                SQLiteFiles.sleep(milliseconds: 20)
            }
        }
    }

    /// Refuses a file that other processes may have open with another path. SQLite keeps a log beside the path with
    /// which it opened a file: processes with two logs do not see each other's records. To be called before SQLite
    /// opens the file, because closing it moves its log into it.
    static func requireSoleName(_ path: String) throws(StoreError) {
        if csqlite_is_mount_point(path) != 0 {
            throw StoreError(
                code: .copied,
                message:
                    "the store \(path) is a file that was mounted by itself, as by 'docker run -v FILE:FILE', and SQLite keeps its "
                    + "log beside it, where neither the next container nor another that has the file mounted finds it: IDs and "
                    + "tickets would be given out twice. Mount the directory that the file is in"
            )
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_nlink > 1 else { return }
        // A backup may consist of hard links. With its first name, the file is still the store.
        let recorded = try copy(of: path)?.recordedPlace
        guard recorded?.path != path else { return }
        throw StoreError(
            code: .copied,
            message:
                "the store \(path) is one file with \(status.st_nlink) names (hard links), and "
                + "\(recorded.map { "was used as \($0.description)" } ?? "none of them is known to be the one that was used"). SQLite "
                + "keeps a log beside each name, so daemons on two of them would give out IDs and tickets twice. Use that name, "
                + "or remove the other names, or copy the file"
        )
    }

    private static func copy(of path: String) throws(StoreError) -> ExaminedStore? {
        var log = stat()
        let hasLog = stat(path + "-wal", &log) == 0 && log.st_size > 0
        let snapshot = hasLog ? StoreSnapshot(of: path) : nil
        defer { withExtendedLifetime(snapshot) {} }
        do {
            let connection = try SQLiteConnection(
                path: snapshot?.path ?? path,
                busyTimeoutMilliseconds: 0,
                access: snapshot == nil ? .readUnchanging : .write
            )
            guard try !SQLiteSession.isFresh(connection, path: path) else { return nil }
            try SQLiteSession.checkWhole(connection, path: path)
            let statement = try SQLiteStatement(connection, "SELECT key, value, version FROM records ORDER BY key")
            var records: [String: StoredValue] = [:]
            while try statement.step() {
                guard let key = statement.text(0), let value = statement.text(1) else {
                    throw StoreError(code: .corrupt, message: "the store \(path) has a record that is not UTF-8 text")
                }
                records[key] = StoredValue(value: value, version: UInt64(max(0, statement.number(2))))
            }
            let last = UInt64(max(0, try connection.number("SELECT last FROM versions")))
            return ExaminedStore(
                records: MemoryStore(records: records, lastVersion: last),
                recordedPlace: try SQLiteSession.place(connection).map { try StorePlace(text: $0) },
                presentPlace: StorePlace(ofFileAt: path),
                isWhole: !hasLog || snapshot != nil
            )
        } catch let error as StoreError {
            throw error
        } catch let failure as SQLiteFailure {
            throw failure.storeError(path: path, doing: "read", .readUnchanging)
        } catch {
            preconditionFailure("SQLite's failures and the store's are all there are: \(error)")
        }
    }
}

extension SQLiteFiles {
    /// The room in KiB that a start needs to give out IDs and tickets: for the file, its log and the log's index, as
    /// far as they do not exist yet. Measured on tmpfs, with SQLite's pages of 4 KiB.
    static func roomToOpen(_ path: String) -> UInt64 {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size > 0 else { return 120 }
        return stat(path + "-shm", &status) == 0 ? 4 : 48
    }
}
