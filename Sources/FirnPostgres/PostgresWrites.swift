internal import FirnStore

/// The statements that compare and swap. Each returns a row for what it wrote, and none for what was not as expected.
enum PostgresWrites {
    /// - Returns: a statement whose row is the version.
    static func one(_ write: StoreWrite, on connection: PostgresConnection) -> String {
        let (table, next) = (connection.schema.qualifiedTable, next(connection))
        let (key, value) = (connection.literal(write.key), connection.literal(write.value))
        guard let version = write.ifVersion else {
            return "INSERT INTO \(table) (key, value, version) VALUES (\(key), \(value), \(next)) "
                + "ON CONFLICT (key) DO NOTHING RETURNING version"
        }
        let andValue = write.ifValue.map { " AND value = \(connection.literal($0))" } ?? ""
        return "UPDATE \(table) SET value = \(value), version = \(next) "
            + "WHERE key = \(key) AND version = \(version)\(andValue) RETURNING version"
    }

    /// The rows are locked in the order of their keys before the first is changed: two daemons that write the same records
    /// do not wait for each other in a circle.
    ///
    /// - Returns: a statement whose rows are keys and versions.
    static func together(_ writes: some Collection<StoreWrite>, on connection: PostgresConnection) -> String {
        let (table, next) = (connection.schema.qualifiedTable, next(connection))
        let rows = writes.map { write in
            let version = write.ifVersion.map(String.init) ?? "NULL"
            let value = write.ifValue.map { connection.literal($0) } ?? "NULL"
            return
                "(\(connection.literal(write.key)), \(connection.literal(write.value)), \(version)::bigint, \(value)::text)"
        }
        return """
            WITH wanted (key, value, old, old_value) AS (VALUES \(rows.joined(separator: ", "))),
            locked AS (
                SELECT r.key FROM \(table) r WHERE r.key IN (SELECT w.key FROM wanted w WHERE w.old IS NOT NULL)
                ORDER BY r.key FOR UPDATE
            ),
            updated AS (
                UPDATE \(table) r SET value = w.value, version = \(next) FROM wanted w
                WHERE r.key = w.key AND r.version = w.old AND (w.old_value IS NULL OR r.value = w.old_value)
                    AND r.key IN (SELECT l.key FROM locked l)
                RETURNING r.key, r.version
            ),
            inserted AS (
                INSERT INTO \(table) (key, value, version)
                SELECT n.key, n.value, \(next)
                FROM (SELECT w.key, w.value FROM wanted w WHERE w.old IS NULL ORDER BY w.key COLLATE "C") n
                ON CONFLICT (key) DO NOTHING RETURNING key, version
            )
            SELECT key, version FROM updated UNION ALL SELECT key, version FROM inserted
            """
    }

    private static func next(_ connection: PostgresConnection) -> String {
        "nextval(\(connection.literal(connection.schema.qualifiedSequence)))"
    }
}
