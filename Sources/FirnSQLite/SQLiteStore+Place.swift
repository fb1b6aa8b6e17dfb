internal import CSQLite
package import FirnStore

/// The file's place, which its daemons write into it. It is not a record: no other store has one, and no version
/// increases.
extension SQLiteStore {
    /// Where the file is now.
    package var presentPlace: StorePlace { StorePlace(ofFileAt: path) }

    /// Where the file was when a daemon used it last; nil: that is not recorded.
    package func recordedPlace() throws(StoreError) -> StorePlace? {
        let text = try perform("read the place of") { try $0.place() }
        return try text.map { text throws(StoreError) in try StorePlace(text: text) }
    }

    /// Records that the store is where the file is now.
    ///
    /// It becomes durable with the next record that is written, and needs no sync of its own: a power loss can only
    /// remove it if the daemon had written no record yet.
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
        try connection.transaction { () throws(SQLiteFailure) in
            try connection.run("CREATE TABLE IF NOT EXISTS place (text TEXT NOT NULL) STRICT; DELETE FROM place")
            let statement = try SQLiteStatement(connection, "INSERT INTO place (text) VALUES (?1)")
            try statement.bind(1, text)
            _ = try statement.step()
            return ((), hasChanged: true)
        }
    }
}
