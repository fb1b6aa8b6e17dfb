internal import FirnStore

/// Finding what a disk or memory has changed in the file. SQLite has checksums for its log and none for the database.
///
/// Each record has a sum of its key, its value and its version. 0 is none: Firn before 0.1 wrote none, and what it writes to
/// a record with a sum, or somebody with `sqlite3`, sets the sum to 0 by a trigger. Such a record is taken as it is.
extension SQLiteSession {
    static func sum(key: String, value: String, version: UInt64) -> Int64 {
        let digest = Grant.digest("\(version) \(key) \(value)")
        return Int64(bitPattern: digest == 0 ? 1 : digest)
    }

    /// Whether a record was changed since it was written, by its sum.
    static func isDamaged(_ sum: Int64, key: String, value: String, version: UInt64) -> Bool {
        sum != 0 && sum != self.sum(key: key, value: value, version: version)
    }

    static let sumColumn = "sum INTEGER NOT NULL DEFAULT 0"
    static let sumTrigger = """
        CREATE TRIGGER records_sum AFTER UPDATE OF key, value, version ON records WHEN NEW.sum = OLD.sum BEGIN
            UPDATE records SET sum = 0 WHERE key = NEW.key;
        END
        """

    /// Whether the file's records have sums: a file of an earlier version has none until it is opened for writing.
    static func hasSums(_ connection: SQLiteConnection) throws(SQLiteFailure) -> Bool {
        try connection.number("SELECT count(*) FROM pragma_table_info('records') WHERE name = 'sum'") > 0
    }

    /// Adds the column to a file of an earlier version, which can still use it.
    static func addSums(_ connection: SQLiteConnection) throws(SQLiteFailure) {
        guard try !hasSums(connection) else { return }
        try connection.transaction { () throws(SQLiteFailure) in
            // Another daemon may have added it in the meantime.
            guard try !hasSums(connection) else { return ((), false) }
            try connection.run("ALTER TABLE records ADD COLUMN \(sumColumn); \(sumTrigger)")
            try fillSums(connection)
            return ((), true)
        }
    }

    /// Many records are not written again for long, such as those of leases and of reserved workers.
    private static func fillSums(_ connection: SQLiteConnection) throws(SQLiteFailure) {
        let records = try SQLiteStatement(connection, "SELECT key, value, version FROM records")
        var sums: [(key: String, sum: Int64)] = []
        while try records.step() {
            // What is no text is said when it is read.
            guard let key = records.text(0), let value = records.text(1) else { continue }
            sums.append((key, sum(key: key, value: value, version: UInt64(bitPattern: records.number(2)))))
        }
        let update = try SQLiteStatement(connection, "UPDATE records SET sum = ?2 WHERE key = ?1")
        for (key, sum) in sums {
            try update.bind(1, key)
            try update.bind(2, sum)
            _ = try update.step()
            update.reset()
        }
    }

    /// Reads the whole file once. A record that cannot be found because of damage elsewhere would look as if it had never
    /// been written, and its worker as if it were free.
    ///
    /// - Throws: `.corrupt`.
    static func checkWhole(_ connection: SQLiteConnection, path: String) throws {
        // Of one moment: other daemons write.
        try connection.run("BEGIN")
        defer { try? connection.run("ROLLBACK") }
        let check = try SQLiteStatement(connection, "PRAGMA quick_check(1)")
        guard try check.step() else { return }
        if let finding = check.text(0), finding != "ok" { throw damaged(path, finding) }
        check.reset()
        let last = UInt64(max(0, try connection.number("SELECT last FROM versions")))
        let column = try hasSums(connection) ? "sum" : "0"
        let records = try SQLiteStatement(connection, "SELECT key, value, version, \(column) FROM records")
        var earlier = ""
        while try records.step() {
            // SQLite finds a record by its key alone, and does not check the keys' order.
            guard let key = records.text(0), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                earlier.utf8.lexicographicallyPrecedes(key.utf8)
            else { throw damaged(path, "after the record \(earlier) comes one with an impossible key") }
            earlier = key
            // What is no text is said when it is read.
            guard let value = records.text(1) else { continue }
            let (version, sum) = (UInt64(bitPattern: records.number(2)), records.number(3))
            guard !isDamaged(sum, key: key, value: value, version: version) else {
                throw damaged(path, "the record \(key) is not as it was written")
            }
            guard version <= last || sum == 0 else {
                throw damaged(
                    path,
                    "the record \(key) has version \(version), and the last one that was given is \(last)"
                )
            }
        }
    }

    private static func damaged(_ path: String, _ finding: String) -> StoreError {
        StoreError(
            code: .corrupt,
            message:
                "the store \(path) is damaged: \(RecordReader.beginning(of: finding)). Look at the disk and the memory of this "
                + "host; restore the store from a backup and run 'firn store repair'"
        )
    }

    /// The error for one record that was changed while the store was open.
    static func damaged(_ key: String) -> StoreError {
        StoreError(
            code: .corrupt,
            message:
                "the record \(key) is not as it was written: look at the disk and the memory of this host, stop the daemons "
                + "on this store, restore it from a backup and run 'firn store repair'"
        )
    }
}
