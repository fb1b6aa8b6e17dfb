import FirnServer
import FirnWire
import Testing

/// Which tokens a book accepts, and which files it refuses.
@Suite struct TokenBookTests {
    private static let one = "0123456789abcdef"
    private static let two = "fedcba9876543210"

    private func book(_ text: String) throws(TokenBookError) -> TokenBook {
        try TokenBook(lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    }

    @Test func aTokenAllowsWhatItsLineSays() throws {
        let book = try book("# tokens\n\n a \(Self.one)\n\tb\t\(Self.two)\ttickets,ids \n")
        #expect(book.check(BearerToken(Self.one)) == .success(.all))
        #expect(book.check(BearerToken(Self.two)) == .success([.ids, .tickets]))
        #expect(book.summary == "a(ids,tickets,admin,leases) b(ids,tickets)")
    }

    /// Whoever may write the store's records may have IDs given out twice.
    @Test func theStoreIsAllowedOnlyWhereItIsNamed() throws {
        let book = try book("a \(Self.one)\nb \(Self.two) leases,store")
        #expect(try book.check(BearerToken(Self.one)).get().contains(.store) == false)
        #expect(book.check(BearerToken(Self.two)) == .success([.leases, .store]))
        #expect(TokenScope(neededFor: .store(.highestVersion)) == .store)
        #expect(TokenScope(neededFor: .lease(.begin(LeaseCall.Beginning(name: Name("a")!)))) == .leases)
    }

    /// One for each way to be nearly right.
    @Test(arguments: [
        "", "0", "0123456789abcde", "0123456789abcdeg", "1123456789abcdef", "0123456789abcdef0", "0123456789abcdef\0",
        "0123456789ABCDEF", " 0123456789abcdef", "fedcba98765432100123456789abcdef", String(repeating: "0", count: 256),
        String(repeating: "0", count: 1_048_576), "0123456789abcdef" + String(repeating: "\0", count: 240),
    ])
    func anotherTokenIsWrong(_ text: String) throws {
        let book = try book("a \(Self.one)\nb \(Self.two)")
        #expect(book.check(BearerToken(text)) == .failure(.wrong))
    }

    @Test func noTokenIsMissing() throws {
        #expect(try book("a \(Self.one)").check(nil) == .failure(.missing))
        #expect(TokenBook().check(BearerToken(Self.one)) == .failure(.wrong))
    }

    @Test func aNameMayHaveSeveralTokens() throws {
        let book = try book("a \(Self.one)\na \(Self.two) ids")
        #expect(book.check(BearerToken(Self.one)) == .success(.all))
        #expect(book.check(BearerToken(Self.two)) == .success(.ids))
    }

    @Test func theShortestAndTheLongestTokenAreAccepted() throws {
        for length in [16, 256] {
            let token = String(repeating: "~", count: length)
            #expect(try book("a \(token)").check(BearerToken(token)) == .success(.all))
        }
    }

    @Test(arguments: [
        ("", "it has no token"), ("# a 0123456789abcdef\n", "it has no token"),
        ("a 0123456789abcdef\n\nsecret1234567890\n", "line 3 has 1 words"),
        ("a 0123456789abcdef ids tickets", "line 1 has 4 words"),
        ("a 0123456789abcdef ids,ticket", "line 1: the third word is not a list"),
        ("a 0123456789abcdef ids,", "line 1: the third word is not a list"),
        ("a 0123456789abcde", "line 1: the token of 'a' has 15 bytes; give 16 to 256"),
        ("a " + String(repeating: "x", count: 257), "line 1: the token of 'a' has 257 bytes"),
        ("a 0123456789abcdeé", "line 1: the token of 'a' has a character that is not printable ASCII"),
        ("a/b 0123456789abcdef", "line 1: the name is not"),
        ("a 0123456789abcdef\nb 0123456789abcdef", "line 2: the token is that of line 1 again"),
    ])
    func aWrongFileIsRefusedWithItsLineAndWithoutItsToken(_ text: String, _ message: String) {
        do {
            _ = try book(text)
            Issue.record("it was taken: \(text.prefix(40))")
        } catch {
            #expect(error.description.hasPrefix(message), "\(error)")
            #expect(!error.description.contains("0123456789abc") && !error.description.contains("secret"))
        }
    }

    @Test func aBookHasAtMost256Tokens() throws {
        let lines = (0..<257).map { "n \(String(repeating: "x", count: 16))\($0)" }
        _ = try book(lines.dropLast().joined(separator: "\n"))
        #expect(throws: TokenBookError.self) { try book(lines.joined(separator: "\n")) }
    }

    @Test func aDifferenceIsToldWithoutTokens() throws {
        let first = try book("a \(Self.one) ids")
        #expect(first.difference(to: first) == nil)
        let (from, to) = try #require(first.difference(to: try book("a \(Self.two) ids")))
        #expect(from == "a(ids)" && to == "a(ids), with another token")
        let grown = try #require(first.difference(to: try book("a \(Self.one) ids\nb \(Self.two)")))
        #expect(grown.to == "a(ids) b(ids,tickets,admin,leases)")
    }

    @Test func eachMethodHasItsScope() {
        let name = Name("orders")!
        for method: Request.Method in [.nextID, .nextBatch(count: 1), .newPrefix(service: name)] {
            #expect(TokenScope(neededFor: method) == .ids)
        }
        for method: Request.Method in [.nextTickets(sequence: name, count: 1), .listSequences(after: nil)] {
            #expect(TokenScope(neededFor: method) == .tickets)
        }
        #expect(TokenScope(neededFor: .describe) == [])
    }

    @Test func aTokensTextIsInNoMessage() {
        let token = BearerToken(Self.one)
        #expect(!"\(token) \(Request.Method.authenticate(token))".contains(Self.one))
    }
}
