/// What is sent before every statement, in the same message and the same transaction: a session's settings would be
/// another client's behind PgBouncer, and those of the server are not Firn's.
enum PostgresPreface {
    /// - Parameter end: when nobody waits for the statement any more, and the server shall give it up.
    static func text(isWrite: Bool, until end: ContinuousClock.Instant) -> String {
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: end).components
        let milliseconds = max(1, min(seconds, 3600) * 1000 + attoseconds / 1_000_000_000_000_000)
        // `on` waits for the disk, and for the standbys of synchronous_standby_names; remote_apply for more than that.
        let commit = """
            , set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)
            """
        return """
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SELECT current_setting('fsync'), pg_is_in_recovery(),
            set_config('statement_timeout', '\(milliseconds)', true), set_config('lock_timeout', '0', true)\(isWrite ? commit : "")
            """
    }

    /// A record in the server's log, so that the commit of a transaction that only reads waits for the synchronous standbys
    /// as well, and with them for all that it has read.
    private static let confirmation = "SELECT pg_logical_emit_message(true, 'firn', '')"

    /// Runs one statement.
    ///
    /// - Parameter isConfirmed: What is read must be on the synchronous standbys too. A transaction whose wait for them was
    ///   ended, or whose session was, is committed and can be read without being there.
    /// - Throws: also if the server is a standby, or does not sync.
    static func run(
        _ statement: String,
        isWrite: Bool,
        isConfirmed: Bool = false,
        on connection: PostgresConnection,
        until end: ContinuousClock.Instant
    ) throws(PostgresFailure) -> PostgresConnection.Rows {
        var statements = [text(isWrite: isWrite || isConfirmed, until: end), statement]
        if isConfirmed { statements.append(confirmation) }
        let results = try connection.run(statements.joined(separator: "; "), until: end)
        let expected = isConfirmed ? 4 : 3
        guard results.count == expected, let settings = results[1].rows.first else {
            throw PostgresFailure.lost("it answered \(results.count) statements of \(expected)")
        }
        if settings[1] == "t" { throw PostgresFailure.standby }
        if settings[0] != "on" { throw PostgresFailure.withoutSync }
        return results[2]
    }
}
