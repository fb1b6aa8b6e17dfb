internal import CPostgres

/// Where a PostgreSQL server is, as libpq's connection URIs write it, without a password.
///
///     postgres://firn@db-1.example:5432,db-2.example:5432/firn?sslmode=verify-full
package struct PostgresAddress: Hashable, Sendable, CustomStringConvertible {
    /// A parameter of libpq.
    struct Parameter: Hashable, Sendable {
        var keyword: String
        var value: String
    }

    /// As it was given.
    package let description: String
    let parameters: [Parameter]

    package static let schemes = ["postgres://", "postgresql://"]

    /// - Throws: what is wrong with the text. A text that may hold a password is not repeated.
    package init(parsing text: String) throws(PostgresAddressError) {
        guard !Self.mayHoldPassword(text) else { throw .passwordInAddress }
        let parsed = try Self.parse(text)
        for secret in ["password", "sslpassword"] where parsed.contains(where: { $0.keyword == secret }) {
            throw .passwordInAddress
        }
        // As where the colon of USER:PASSWORD is encoded with the rest.
        if parsed.contains(where: { $0.keyword == "user" && $0.value.contains(":") }) { throw .passwordInAddress }
        try Self.check(parsed)
        description = text
        parameters = parsed
    }

    func value(of keyword: String) -> String? { parameters.first { $0.keyword == keyword }?.value }

    /// Whether the text has something where libpq expects a password, or where people write one by mistake.
    private static func mayHoldPassword(_ text: String) -> Bool {
        let rest = schemes.first { text.hasPrefix($0) }.map { text.dropFirst($0.count) } ?? text[...]
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // A password with a '/', an '@' or a '?' in it is divided elsewhere by libpq. An '@' behind a user's is of a
        // parameter.
        let place = parts[0].contains("@") ? parts[0] : rest
        if let at = place.lastIndex(of: "@"), place[..<at].contains(":") { return true }
        let keywords = (parts.count == 2 ? parts[1] : "").lowercased().split(separator: "&").map {
            $0.prefix { $0 != "=" }
        }
        return keywords.contains { keyword in ["password", "passwd", "pwd"].contains { keyword.contains($0) } }
    }

    private static func parse(_ text: String) throws(PostgresAddressError) -> [Parameter] {
        let library = try PostgresLibrary.functions().pointee
        var error: UnsafeMutablePointer<CChar>?
        guard let options = library.conninfo_parse(text, &error) else {
            let reason = error.map { String(cString: $0) } ?? "out of memory"
            library.free_memory(error)
            throw PostgresAddressError("'\(text)' is no address of PostgreSQL: \(reason.lines); \(Self.form)")
        }
        defer { library.conninfo_free(options) }
        return parameters(options)
    }

    /// The parameters that have a value.
    static func parameters(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [Parameter] {
        var parameters: [Parameter] = []
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val, value.pointee != 0 {
                parameters.append(Parameter(keyword: String(cString: keyword), value: String(cString: value)))
            }
            next += 1
        }
        return parameters
    }

    private static let form = "write postgres://USER@HOST:PORT/DATABASE[?sslmode=verify-full]"

    private static func check(_ parameters: [Parameter]) throws(PostgresAddressError) {
        for parameter in parameters {
            switch parameter.keyword {
            case "target_session_attrs" where !["any", "read-write", "primary"].contains(parameter.value):
                throw PostgresAddressError(
                    "target_session_attrs is '\(parameter.value)', and a daemon has to write; leave it out, or write "
                        + "read-write"
                )
            case "port":
                for port in parameter.value.split(separator: ",") where UInt16(port).map({ $0 > 0 }) != true {
                    throw PostgresAddressError("the port is '\(port)'; write 1 to 65535. \(Self.form)")
                }
            case "replication":
                throw PostgresAddressError("replication is for servers that copy a database; leave it out")
            default: break
            }
        }
    }
}

/// Why an address cannot be used, with what to do.
package struct PostgresAddressError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }

    static let passwordInAddress = PostgresAddressError(
        "it has a password in it, which other users of this host can read in the list of processes; write it in a "
            + "password file (~/.pgpass, or what PGPASSFILE or ?passfile= names), with mode 0600 and the line "
            + "HOST:PORT:DATABASE:USER:PASSWORD, and leave it out here. Where there is no password, there is no ':' "
            + "before the '@'"
    )
}

extension String {
    /// A message in one line.
    var lines: String { trimmedLines.joined(separator: "; ") }

    /// Statements of SQL in one line.
    var onOneLine: String { trimmedLines.joined(separator: " ") }

    private var trimmedLines: [Substring] {
        split(whereSeparator: \.isNewline).map { $0.trimmingSpaces }.filter { !$0.isEmpty }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let head = drop { $0 == " " || $0 == "\t" }
        guard let last = head.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return head[...last]
    }
}
