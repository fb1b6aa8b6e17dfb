internal import FirnStore

/// Why a call at one server failed.
struct PostgresFailure: Error {
    /// What the failure says about the next attempt.
    enum Consequence {
        /// Another attempt would fail in the same way.
        case giveUp
        /// Another connection, to this host or another, may do it.
        case tryElsewhere
        /// Nothing was done, because another transaction was in the way: the same connection may do it now.
        case repeatCall
    }

    var code: StoreError.Code
    /// What was wrong, and what to do.
    var text: String
    var consequence: Consequence
    /// Whether the connection can be used no longer.
    var endsConnection: Bool
    /// Whether what was sent may have been done, or may still be done.
    var mayHaveHappened = false

    init(
        _ code: StoreError.Code,
        _ text: String,
        _ consequence: Consequence = .giveUp,
        endsConnection: Bool = false
    ) {
        self.code = code
        self.text = text
        self.consequence = consequence
        self.endsConnection = endsConnection
    }

    static func late(_ timeout: Duration) -> PostgresFailure {
        PostgresFailure(
            .unavailable,
            "no answer in \(timeout); is it paused, cut off, waiting for a standby, or slower than --postgres-timeout "
                + "allows?",
            .tryElsewhere,
            endsConnection: true
        )
    }

    /// The connection was closed, by the server or on the way.
    static func lost(_ words: String) -> PostgresFailure {
        let reason = words.isEmpty ? "the connection was closed" : words
        return PostgresFailure(.unavailable, reason, .tryElsewhere, endsConnection: true)
    }

    /// The commit is on this server alone: a standby that is promoted would not have it.
    static var unconfirmed: PostgresFailure {
        var failure = PostgresFailure(
            .unavailable,
            "no standby of synchronous_standby_names has confirmed the write, and somebody ended the wait for it "
                + "(pg_cancel_backend, for instance)",
            .tryElsewhere
        )
        failure.mayHaveHappened = true
        return failure
    }

    static let standby = PostgresFailure(
        .unwritable,
        "it is a standby, which is only read; name the primary, or all hosts of the cluster: "
            + "postgres://USER@HOST1,HOST2/DATABASE",
        .tryElsewhere,
        endsConnection: true
    )

    static let withoutSync = PostgresFailure(
        .refused,
        "it runs with fsync=off, so that a crash of its host undoes what it has answered, and IDs would be given out twice; "
            + "set fsync to on in postgresql.conf, and reload it",
        endsConnection: true
    )

    /// - Parameters:
    ///   - state: the SQLSTATE; its first two letters are the class (PostgreSQL's manual, appendix A).
    ///   - words: the server's own message, in the language that it is set to.
    init(state: String, words: String) {
        let said = "\(words) (SQLSTATE \(state))"
        switch state {
        case "28P01", "28000": self.init(.refused, "\(said); \(Self.passwordAdvice)", endsConnection: true)
        case "3D000":
            self.init(
                .refused,
                "\(said); create it, with CREATE DATABASE, or name another one in --store",
                endsConnection: true
            )
        case "42501":
            self.init(.refused, "\(said); an administrator has to run: \(PostgresSchema.grants)")
        case "42P01", "42P17", "42703", "3F000":
            self.init(
                .replaced,
                "\(said); the table \(PostgresSchema.table) was removed or replaced while in use: put it back, or stop all "
                    + "daemons on this store and run 'firn store repair'",
                endsConnection: true
            )
        case "25006":
            self.init(
                .unwritable,
                "\(said); it is a standby, or default_transaction_read_only is on: name the primary, or set that off",
                .tryElsewhere,
                endsConnection: true
            )
        case "53100": self.init(.diskFull, "\(said); make room on the server's disk")
        case "53300":
            self.init(
                .unavailable,
                "\(said); raise max_connections or the role's CONNECTION LIMIT, or put PgBouncer between",
                .tryElsewhere,
                endsConnection: true
            )
        case "58030": self.init(.ioFailed, "\(said); see the server's log", endsConnection: true)
        case "23505":
            self.init(
                .corrupt,
                "\(said); the sequence \(PostgresSchema.sequence) assigns versions that the table has already: it was set "
                    + "back. Stop all daemons on this store, and set it to the highest version (setval)"
            )
        case "XX001", "XX002":
            self.init(.corrupt, "\(said); restore the database, once all daemons on this store have stopped")
        case "40001", "40P01", "55P03": self.init(.unavailable, said, .repeatCall)
        case "57014":
            self.init(.unavailable, "\(said); is another transaction holding the row, or the server overloaded?")
        default:
            let isLost = ["08", "57", "58", "XX", "F0"].contains(String(state.prefix(2)))
            self.init(.unavailable, said, isLost ? .tryElsewhere : .giveUp, endsConnection: isLost)
        }
        // A transaction that was refused was not done. One that ended with its session may have been.
        mayHaveHappened = endsConnection && consequence == .tryElsewhere && code == .unavailable
    }

    /// A connection that was never established.
    ///
    /// - Parameter words: libpq's message, which has the SQLSTATE in it if it is a server's.
    init(connecting words: String) {
        let (state, text) = Self.stateAndText(words)
        if let state {
            self.init(state: state, words: text)
            mayHaveHappened = false
            endsConnection = true
            if consequence == .repeatCall { consequence = .tryElsewhere }
            return
        }
        let isOfTLS = ["SSL", "certificate", "TLS"].contains { text.contains($0) }
        if text.contains("password") || text.contains("authentication") {
            self.init(.refused, "\(text); \(Self.passwordAdvice)", endsConnection: true)
        } else if isOfTLS, !text.contains("SYSCALL"), !text.contains("closed unexpectedly") {
            self.init(
                .refused,
                "no TLS connection: \(text); see sslmode, sslrootcert, sslcert and sslkey in --store",
                .tryElsewhere,
                endsConnection: true
            )
        } else if text.contains("service") && text.contains("not found") || text.contains("invalid ") {
            self.init(.refused, "\(text); see --store", endsConnection: true)
        } else {
            self.init(.unavailable, "cannot connect: \(text)", .tryElsewhere, endsConnection: true)
        }
    }

    private static let passwordAdvice =
        "see the user in --store, the server's pg_hba.conf and the password file (~/.pgpass, or what PGPASSFILE or "
        + "?passfile= names), which needs mode 0600 and the line HOST:PORT:DATABASE:USER:PASSWORD"

    /// Takes the SQLSTATE out of a message that libpq wrote with `PQERRORS_VERBOSE`: `FATAL:  28P01: password …`, and
    /// the line with the place in the server's source.
    static func stateAndText(_ words: String) -> (state: String?, text: String) {
        var state: String?
        var kept: [String] = []
        for line in words.split(whereSeparator: \.isNewline) where !line.hasPrefix("LOCATION:") {
            var line = String(line)
            if let range = stateRange(in: line) {
                state = String(line[range].prefix(5))
                line.removeSubrange(range)
            }
            kept.append(line)
        }
        return (state, kept.joined(separator: "\n").lines)
    }

    /// Where `28P01: ` is, after two blanks.
    private static func stateRange(in line: String) -> Range<String.Index>? {
        let bytes = line.utf8
        for index in bytes.indices where bytes[index...].starts(with: ":  ".utf8) {
            let start = bytes.index(index, offsetBy: 3)
            let code = bytes[start...].prefix(5)
            let isCode = code.count == 5 && code.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }
            guard isCode, bytes[code.endIndex...].starts(with: ": ".utf8) else { continue }
            return start..<bytes.index(code.endIndex, offsetBy: 2)
        }
        return nil
    }
}
