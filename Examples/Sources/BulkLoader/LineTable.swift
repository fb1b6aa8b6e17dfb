internal import FirnLayout
internal import SQLite3

/// A table of lines under IDs, loaded in one transaction: all of them or none.
final class LineTable {
    private var database: OpaquePointer?
    private var insertion: OpaquePointer?

    init(path: String) throws(LineTableError) {
        try check(sqlite3_open(path, &database))
        try check(
            sqlite3_exec(
                database,
                "CREATE TABLE IF NOT EXISTS lines (id INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT; BEGIN IMMEDIATE",
                nil,
                nil,
                nil
            )
        )
        try check(
            sqlite3_prepare_v2(database, "INSERT INTO lines (id, line) VALUES (?, ?)", -1, &insertion, nil)
        )
    }

    deinit {
        sqlite3_finalize(insertion)
        sqlite3_close(database)
    }

    func insert(_ id: FirnID, _ line: String) throws(LineTableError) {
        sqlite3_reset(insertion)
        // SQLite's integers are signed. Most layouts leave the top bit unused; one that does not comes out negative.
        sqlite3_bind_int64(insertion, 1, Int64(bitPattern: id.rawValue))
        sqlite3_bind_text_copy(insertion, 2, line, Int32(line.utf8.count))
        try check(sqlite3_step(insertion), expected: SQLITE_DONE)
    }

    func commit() throws(LineTableError) {
        try check(sqlite3_exec(database, "COMMIT", nil, nil, nil))
    }

    private func check(_ code: Int32, expected: Int32 = SQLITE_OK) throws(LineTableError) {
        guard code == expected else { throw LineTableError(description: String(cString: sqlite3_errmsg(database))) }
    }
}

/// What SQLite says is wrong.
struct LineTableError: Error, CustomStringConvertible {
    let description: String
}
