package import FirnWire

/// The tokens that are accepted, as a token file lists them. A pure value.
package struct TokenBook: Sendable, Equatable {
    /// Why a peer is not served.
    package enum Refusal: Error, Sendable, Equatable, CaseIterable {
        /// It showed no token.
        case missing
        /// It showed a token that is not in the book.
        case wrong
        /// Its token does not allow what it asked for.
        case scope
    }

    /// One token. Several may share a name.
    private struct Entry: Sendable, Equatable {
        let name: String
        let scope: TokenScope
        let token: BearerToken
        /// The token, padded with zeros to the greatest length.
        let padded: [UInt8]
    }

    private var entries: [Entry] = []

    package static let maximumCount = 256
    package static let maximumNameLength = 64

    /// A book without tokens, which refuses every peer.
    package init() {}

    /// Reads the lines of a token file: `NAME TOKEN` or `NAME TOKEN SCOPES`, comments that begin with `#`, and empty
    /// lines.
    ///
    /// - Throws: what is wrong with which line, without the token; also when there is no token at all.
    package init(lines: [Substring]) throws(TokenBookError) {
        var numbers: [Int] = []
        for (index, line) in lines.enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let first = words.first, first.utf8.first != UInt8(ascii: "#") else { continue }
            let number = index + 1
            let entry = try Self.entry(words, line: number)
            if let same = entries.firstIndex(where: { $0.token == entry.token }) {
                throw TokenBookError("line \(number): the token is that of line \(numbers[same]) again; give each once")
            }
            entries.append(entry)
            numbers.append(number)
            guard entries.count <= Self.maximumCount else {
                throw TokenBookError("line \(number): there are more than \(Self.maximumCount) tokens; remove old ones")
            }
        }
        guard !entries.isEmpty else {
            throw TokenBookError("it has no token, so nobody could be served; give one per line, as NAME TOKEN")
        }
    }

    private static func entry(_ words: [Substring], line: Int) throws(TokenBookError) -> Entry {
        guard (2...3).contains(words.count) else {
            throw TokenBookError("line \(line) has \(words.count) words; write NAME TOKEN or NAME TOKEN SCOPES")
        }
        let name = String(words[0])
        guard isName(name) else {
            throw TokenBookError(
                "line \(line): the name is not 1 to \(maximumNameLength) characters of [A-Za-z0-9._-]; "
                    + "a line is NAME TOKEN, with the name first"
            )
        }
        let token = BearerToken(words[1])
        guard BearerToken.lengths.contains(token.bytes.count) else {
            throw TokenBookError(
                "line \(line): the token of '\(name)' has \(token.bytes.count) bytes; "
                    + "give \(BearerToken.lengths.lowerBound) to \(BearerToken.lengths.upperBound)"
            )
        }
        guard token.isWellFormed else {
            throw TokenBookError(
                "line \(line): the token of '\(name)' has a character that is not printable ASCII; choose another"
            )
        }
        var scope = TokenScope.all
        if words.count == 3 { scope = try self.scope(words[2], line: line) }
        let padding = [UInt8](repeating: 0, count: BearerToken.lengths.upperBound - token.bytes.count)
        return Entry(name: name, scope: scope, token: token, padded: token.bytes + padding)
    }

    private static func scope(_ text: Substring, line: Int) throws(TokenBookError) -> TokenScope {
        var scope: TokenScope = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let known = TokenScope.names.first(where: { $0.name == word }) else {
                // The word may be part of a token that was written with a blank in it.
                throw TokenBookError(
                    "line \(line): the third word is not a list of ids, tickets and admin, separated by commas"
                )
            }
            scope.insert(known.scope)
        }
        return scope
    }

    private static func isName(_ text: String) -> Bool {
        (1...maximumNameLength).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// What a token allows. The time does not depend on which token of the book it is like, nor on how much of it is
    /// right.
    package func check(_ token: BearerToken?) -> Result<TokenScope, Refusal> {
        guard let token else { return .failure(.missing) }
        var shown = token.bytes.prefix(BearerToken.lengths.upperBound)
        shown.append(contentsOf: repeatElement(0, count: BearerToken.lengths.upperBound - shown.count))
        // Zeros are padding, so a token with a NUL in it would be equal to a shorter one.
        let isMalformed = !token.isWellFormed
        var found: TokenScope?
        for entry in entries {
            var difference: UInt8 = 0
            for (one, other) in zip(shown, entry.padded) { difference |= one ^ other }
            if difference == 0 { found = entry.scope }
        }
        guard let found, !isMalformed else { return .failure(.wrong) }
        return .success(found)
    }

    /// What is different in another book, for the log. Empty if nothing is.
    package func difference(to other: TokenBook) -> (from: String, to: String)? {
        guard self != other else { return nil }
        let (old, new) = (summary, other.summary)
        return (old, old == new ? "\(new), with another token" : new)
    }

    /// The names and scopes.
    package var summary: String {
        entries.map { "\($0.name)(\($0.scope))" }.joined(separator: " ")
    }
}

/// What is wrong with a token file.
package struct TokenBookError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
