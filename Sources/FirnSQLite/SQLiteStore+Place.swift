internal import CSQLite
package import FirnStore

/// The file's place, which its daemons write into it: not a record, for it is no other store's, and no version rises.
extension SQLiteStore {
    /// Where the file is now.
    package var presentPlace: StorePlace { StorePlace(ofFileAt: path) }

    /// Where the file was when a daemon used it last; nil: none has said so.
    package func recordedPlace() throws(StoreError) -> StorePlace? {
        let text = try perform("read the place of") { try $0.place() }
        return try text.map { text throws(StoreError) in try StorePlace(text: text) }
    }

    /// Says that the store is where the file is now.
    ///
    /// It is on the disk with the next record that is written, and costs no sync of its own: what a power loss takes was
    /// said by a daemon that had written nothing yet.
    package func recordPlace() throws(StoreError) {
        let text = presentPlace.text
        try perform("write the place of") { try $0.setPlace(text) }
    }
}

extension SQLiteSession {
    fileprivate func place() throws -> String? {
        try Self.place(connection)
    }

    static func place(_ connection: SQLiteConnection) throws -> String? {
        guard try connection.number("SELECT count(*) FROM sqlite_schema WHERE name = 'place'") > 0 else { return nil }
        let statement = try SQLiteStatement(connection, "SELECT text FROM place")
        return try statement.step() ? statement.text(0) : nil
    }

    fileprivate func setPlace(_ text: String) throws {
        try connection.run("PRAGMA synchronous = NORMAL")
        defer { try? connection.run("PRAGMA synchronous = FULL") }
        _ = try connection.transaction { () throws(SQLiteFailure) -> Bool? in
            try connection.run("CREATE TABLE IF NOT EXISTS place (text TEXT NOT NULL) STRICT; DELETE FROM place")
            let statement = try SQLiteStatement(connection, "INSERT INTO place (text) VALUES (?1)")
            try statement.bind(1, text)
            _ = try statement.step()
            return true
        }
    }
}
