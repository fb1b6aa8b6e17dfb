internal import FirnStore

/// The table and the sequence of a store, and what is required of both.
struct PostgresSchema: Sendable {
    static let table = "firn"
    static let sequence = "firn_version"
    private static let versionIndex = "firn_version_index"

    /// PostgreSQL 12, of 2019, has everything that is used, by its manual. The tests run on 15.
    static let oldestServer: Int32 = 120_000

    /// What an administrator gives a role that may not make the table.
    static let grants =
        "GRANT USAGE ON SCHEMA … TO …; GRANT SELECT, INSERT, UPDATE ON \(table) TO …; "
        + "GRANT USAGE ON SEQUENCE \(sequence) TO …"

    /// With the schema, in quotes.
    let qualifiedTable: String
    /// The same of the sequence, as nextval() takes it, before it is made a literal.
    let qualifiedSequence: String

    private init(schemaName: String) {
        let quoted =
            "\"" + schemaName.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        qualifiedTable = "\(quoted).\(Self.table)"
        qualifiedSequence = "\(quoted).\(Self.sequence)"
    }

    // MARK: - Making

    /// The version has an index of its own, because ``PostgresStore/highestVersion()`` is the highest of the table and not
    /// the sequence's last: a standby that was promoted continues up to 32 values past those that it has records of.
    private static let definition = """
        CREATE TABLE IF NOT EXISTS \(table)
            (key text COLLATE "C" PRIMARY KEY, value text NOT NULL, version bigint NOT NULL);
        CREATE SEQUENCE IF NOT EXISTS \(sequence) AS bigint CACHE 1 NO CYCLE OWNED BY \(table).version;
        CREATE UNIQUE INDEX IF NOT EXISTS \(versionIndex) ON \(table) (version)
        """

    /// Makes the table, in the first schema of the role's search_path. Two daemons may do so at once.
    static func make(
        _ connection: PostgresConnection,
        until end: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        // "Firn", as in the header of a store's file. Without the lock, the second of two daemons gets an error.
        let lock = "SELECT pg_advisory_xact_lock(\(0x4669_726E))"
        let text = "\(PostgresPreface.text(isWrite: true, until: end)); \(lock); \(definition)"
        do throws(PostgresFailure) {
            _ = try connection.run(text, until: end)
        } catch {
            guard case .giveUp = error.consequence else { throw error }
            let statements = "\(definition.onOneLine); \(grants)"
            throw PostgresFailure(
                .refused,
                "there is no table \(table), and this role may not make it: \(error.text.prefix { $0 != ";" }). An administrator has "
                    + "to run: \(statements)",
                endsConnection: true
            )
        }
    }

    // MARK: - Checking

    /// One row: the server's settings, and what is known of the table.
    private static let question = """
        SELECT n.nspname, c.relkind, c.relpersistence, row_security_active(c.oid),
            (SELECT string_agg(
                a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                    || CASE WHEN a.attname = 'key' THEN ' COLLATE ' || coalesce(o.collname, 'none') ELSE '' END
                    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY a.attname COLLATE "C")
                FROM pg_attribute a LEFT JOIN pg_collation o ON o.oid = a.attcollation
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
            (SELECT count(DISTINCT a.attname) FROM pg_index i JOIN pg_attribute a
                ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attname IN ('key', 'version')
                WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indnkeyatts = 1
                    AND i.indpred IS NULL AND i.indexprs IS NULL),
            s.relpersistence, q.seqincrement, q.seqcache, q.seqcycle, q.seqmax,
            has_table_privilege(c.oid, 'SELECT'),
            has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
                AND has_sequence_privilege(s.oid, 'USAGE'),
            current_user, current_database()
        FROM (SELECT to_regclass('\(table)') AS oid) t
            LEFT JOIN pg_class c ON c.oid = t.oid
            LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_class s ON s.relname = '\(sequence)' AND s.relnamespace = c.relnamespace AND s.relkind = 'S'
            LEFT JOIN pg_sequence q ON q.seqrelid = s.oid
        """

    private static let columns = "key text COLLATE C NOT NULL, value text NOT NULL, version bigint NOT NULL"

    /// Reads what the server has, and checks it.
    ///
    /// - Returns: nil if there is no table.
    static func read(
        _ connection: PostgresConnection,
        forReading: Bool,
        until end: ContinuousClock.Instant
    ) throws(PostgresFailure) -> PostgresSchema? {
        let version = connection.serverVersion
        guard version >= oldestServer else {
            throw PostgresFailure(
                .refused,
                "it is PostgreSQL \(Self.text(ofVersion: version)), and the oldest that is supported is "
                    + "\(Self.text(ofVersion: oldestServer)); update the server",
                endsConnection: true
            )
        }
        let rows = try PostgresPreface.run(question, isWrite: false, on: connection, until: end).rows
        guard let row = rows.first, row.count == 15 else { throw PostgresFailure.lost("it answered without a row") }
        guard let schemaName = row[0] else { return nil }
        let schema = PostgresSchema(schemaName: schemaName)
        if let wrong = schema.difference(row) {
            throw PostgresFailure(
                .notOurs,
                "the table \(schema.qualifiedTable) is not as Firn makes it: \(wrong). If it is another application's, put "
                    + "Firn's into another schema (ALTER ROLE … SET search_path) or database; it is made by: "
                    + definition.onOneLine,
                endsConnection: true
            )
        }
        guard row[11] == "t", forReading || row[12] == "t" else {
            throw PostgresFailure(
                .refused,
                "the role \(row[13] ?? "") may not use the table \(schema.qualifiedTable) and its sequence; an "
                    + "administrator has to run: \(grants)",
                endsConnection: true
            )
        }
        return schema
    }

    /// Refuses a sequence that is behind the table: it would assign versions again. Logical replication copies tables and
    /// no sequences, and a row can be restored by hand.
    ///
    /// The sequence is read after the table's snapshot was taken, so writes that happen meanwhile are not mistaken for it.
    /// A role that may only read the table is not told where the sequence is, and nothing is refused then.
    func checkSequence(
        _ connection: PostgresConnection,
        until end: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        let sequence = connection.literal(qualifiedSequence)
        let text =
            "SELECT t.highest, s.last FROM (SELECT coalesce(max(version), 0) AS highest FROM \(qualifiedTable)) t, "
            + "(SELECT coalesce(pg_sequence_last_value(\(sequence)::regclass), 0) AS last) s "
            + "WHERE has_sequence_privilege(\(sequence), 'USAGE, SELECT')"
        let rows = try PostgresPreface.run(text, isWrite: false, on: connection, until: end).rows
        guard let row = rows.first else { return }
        guard row.count == 2, let highest = row[0].flatMap({ Int64($0) }),
            let last = row[1].flatMap({ Int64($0) })
        else { throw PostgresFailure.lost("it answered without a row") }
        guard last < highest else { return }
        throw PostgresFailure(
            .corrupt,
            "the sequence \(qualifiedSequence) is at \(last), and the table has the version \(highest): the sequence was set "
                + "back, or was not copied with the table. Stop all daemons on this store, and run: SELECT "
                + "setval(\(sequence), \(highest))",
            endsConnection: true
        )
    }

    /// What is wrong with the table, if anything.
    private func difference(_ row: [String?]) -> String? {
        if row[1] != "r" { return "it is not a plain table" }
        if row[2] != "p" { return "it is unlogged or temporary, so that a crash empties it" }
        if row[3] == "t" { return "its row-level security hides rows from this role" }
        if row[4] != Self.columns { return "its columns are '\(row[4] ?? "none")', and not '\(Self.columns)'" }
        if row[5] != "2" { return "there is no unique index, on key and on version each" }
        if row[6] == nil { return "there is no sequence \(qualifiedSequence)" }
        if row[6] != "p" { return "its sequence is unlogged or temporary" }
        if row[7] != "1" || row[8] != "1" || row[9] != "f" {
            return
                "its sequence has INCREMENT \(row[7] ?? "") CACHE \(row[8] ?? "") and \(row[9] == "f" ? "no " : "")CYCLE, "
                + "and not INCREMENT 1 CACHE 1 NO CYCLE, so that versions would not rise"
        }
        if row[10] != "\(Int64.max)" { return "its sequence ends at \(row[10] ?? ""), and not at \(Int64.max)" }
        return nil
    }

    /// For example 15.18, or 9.6.24.
    static func text(ofVersion version: Int32) -> String {
        version >= 100_000
            ? "\(version / 10_000).\(version % 10_000)" : "\(version / 10_000).\(version / 100 % 100).\(version % 100)"
    }
}
