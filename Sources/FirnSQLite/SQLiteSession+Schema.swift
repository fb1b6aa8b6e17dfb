internal import CSQLite
internal import FirnStore

extension SQLiteSession {
    /// Whether the file is empty. Throws if it is neither empty nor a Firn store; nothing was changed then.
    ///
    /// In one transaction: otherwise a file that another daemon is creating at this moment would look like a foreign
    /// one.
    static func isFresh(_ connection: SQLiteConnection, path: String) throws -> Bool {
        try connection.run("BEGIN")
        defer { try? connection.run("ROLLBACK") }
        return try inspect(connection, path: path)
    }

    private static func inspect(_ connection: SQLiteConnection, path: String) throws -> Bool {
        let application = try number(connection, "PRAGMA application_id", path: path)
        let schema = try number(connection, "PRAGMA user_version", path: path)
        let tables = try number(connection, "SELECT count(*) FROM sqlite_schema", path: path)
        if application == 0, schema == 0, tables == 0 { return true }
        guard application == applicationID else {
            throw StoreError(
                code: .notOurs,
                message: "\(path) is the database of another application (application_id \(application), \(tables) "
                    + "tables and indexes): give --store another path"
            )
        }
        guard schema <= schemaVersion else {
            throw StoreError(
                code: .newerFormat,
                message: "the store \(path) has format \(schema), and this Firn knows \(schemaVersion): "
                    + "run the newer Firn that made it"
            )
        }
        guard schema == schemaVersion, tables > 0 else {
            throw StoreError(
                code: .corrupt,
                message: "the store \(path) has format \(schema) and \(tables) tables, which Firn never wrote: "
                    + "restore it, or move it away once all its daemons have stopped"
            )
        }
        return false
    }

    private static func number(_ connection: SQLiteConnection, _ text: String, path: String) throws -> Int64 {
        do throws(SQLiteFailure) {
            return try connection.number(text)
        } catch {
            guard error.primaryCode == SQLITE_NOTADB else { throw error }
            throw StoreError(
                code: .notOurs,
                message: "\(path) is not a Firn store nor any SQLite database: give --store another path"
            )
        }
    }

    /// Durability first, then a small memory: the cache holds 64 KiB, nothing is memory-mapped, the log stays below a
    /// MiB.
    static func setUp(_ connection: SQLiteConnection, busyTimeoutMilliseconds: Int32) throws(SQLiteFailure) {
        try connection.run(
            """
            PRAGMA cache_size = -64; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
            PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON
            """
        )
        // When two connections switch to the log at once, SQLite returns busy to one of them, without waiting.
        let pauseMilliseconds: Int32 = 10
        var pausesLeft = busyTimeoutMilliseconds / pauseMilliseconds
        while true {
            do throws(SQLiteFailure) {
                try connection.run("PRAGMA journal_mode = WAL")
                break
            } catch {
                guard error.isBusy, pausesLeft > 0 else { throw error }
                pausesLeft -= 1
                SQLiteFiles.sleep(milliseconds: UInt32(pauseMilliseconds))
            }
        }
        try connection.run("PRAGMA wal_autocheckpoint = 128; PRAGMA journal_size_limit = 1048576")
    }

    static func initialize(_ connection: SQLiteConnection, path: String) throws {
        try connection.run("BEGIN IMMEDIATE")
        do {
            // Another daemon may have created it first.
            guard try inspect(connection, path: path) else { return try connection.run("ROLLBACK") }
            try connection.run(
                """
                CREATE TABLE records (
                    key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL,
                    \(sumColumn)
                ) STRICT, WITHOUT ROWID;
                \(sumTrigger);
                CREATE TABLE versions (last INTEGER NOT NULL) STRICT;
                INSERT INTO versions (last) VALUES (0);
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(schemaVersion);
                COMMIT
                """
            )
        } catch {
            if connection.isInTransaction { try? connection.run("ROLLBACK") }
            throw error
        }
    }
}
