import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// Tokens, at each door of a real daemon.
@Suite struct TokenTests {
    private static let all = "0123456789abcdef-all"
    private static let ids = "0123456789abcdef-ids"
    private static let tickets = "0123456789abcdef-tickets"
    private static let file = """
        # NAME TOKEN SCOPES
        app \(all)
        reader \(ids) ids
        shop \(tickets) tickets
        """
    private static let refused = "the token file has changed and cannot be used"
    private static let reread = "the token file has changed, and was read again"

    private func write(_ text: String, in scratch: Scratch, mode: Int = 0o600) throws -> String {
        // In one step: the daemon looks at the file at any time.
        let next = try scratch.write("tokens.next", text)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: next)
        rename(next, scratch.file("tokens"))
        return scratch.file("tokens")
    }

    /// A daemon with a Unix socket, a TCP port, HTTP and the admin port.
    private func withTokens<Result>(
        _ text: String = file,
        _ body: (Daemon, Scratch) throws -> Result
    ) throws -> Result {
        try withScratch { scratch in
            let arguments = [
                "--token-file", try write(text, in: scratch), "--listen", "tcp:127.0.0.1:0", "--http", "127.0.0.1:0",
                "--admin", "127.0.0.1:0", "--store", "memory",
            ]
            return try withDaemon(in: scratch, arguments) { try body($0, scratch) }
        }
    }

    private func bearer(_ token: String) -> [String] { ["Authorization: Bearer \(token)"] }

    private func show(_ token: String, to peer: Peer) throws -> Response.Outcome {
        try peer.call(.authenticate(BearerToken(token)))
    }

    // MARK: - The framed protocol

    @Test func overTCPATokenComesFirst() throws {
        try withTokens { daemon, _ in
            let peer = try Peer.tcp(daemon.tcpPort())
            // The connection stays open, and may try again.
            let methods: [Request.Method] = [.nextID, .nextBatch(count: 2), .describe, .listSequences(after: nil)]
            for method in methods {
                #expect(try peer.call(method).code == .unauthenticated)
            }
            #expect(try show(Self.all, to: peer) == .authenticated)
            _ = try peer.nextID()
            #expect(try peer.nextTickets("orders", 1).count == 1)
            // Requests that were sent together are handled in their order.
            let other = try Peer.tcp(daemon.tcpPort())
            try other.ask(.authenticate(BearerToken(Self.all)))
            try other.ask(.nextID)
            #expect(try other.answer().outcome == .authenticated)
            guard case .nextID = try other.answer().outcome else { throw TestFailure("no ID") }
        }
    }

    @Test(arguments: ["wrong-token-0123456789", "", "0123456789abcdef-al", "0123456789abcdef-all2"])
    func aWrongTokenIsAnsweredAndTheConnectionClosed(_ token: String) throws {
        try withTokens { daemon, _ in
            try withBystander(of: daemon) {
                let peer = try Peer.tcp(daemon.tcpPort())
                #expect(try show(token, to: peer).code == .unauthenticated)
                #expect(try peer.receive() == nil)
            }
            try daemon.waitUntilItSays("a peer was refused for its token door=framed reason=wrong")
            #expect(token.isEmpty || !daemon.log.contains(token))
        }
    }

    /// It is over the limit of a frame, and is not read.
    @Test func aTokenOfAMegabyteIsRefusedAndNotBuffered() throws {
        try withTokens { daemon, _ in
            let peer = try Peer.tcp(daemon.tcpPort())
            let token = BearerToken(bytes: [UInt8](repeating: 0x78, count: 1_048_576))
            // The daemon may have closed before all is sent.
            _ = try? peer.send(Peer.frame(.authenticate(token), callID: 1))
            let answer = try? peer.error()
            #expect(answer == nil || answer?.status.code == .invalidArgument)
            let authorized = HTTPPeer.request("GET", "/", fields: bearer(String(repeating: "x", count: 1_048_576)))
            let http = try HTTPPeer(port: daemon.httpPort())
            _ = try? http.send(authorized)
            let status = (try? http.answer(hasBody: true))?.status
            #expect(status == nil || status == 431)
            _ = try Peer.unix(daemon.socketPath).nextID()
        }
    }

    @Test func aTokenAllowsNoMoreThanItsScope() throws {
        try withTokens { daemon, _ in
            let reader = try Peer.tcp(daemon.tcpPort())
            #expect(try show(Self.ids, to: reader) == .authenticated)
            _ = try reader.nextID()
            _ = try reader.nextBatch(3)
            _ = try reader.describe()
            let tickets = Request.Method.nextTickets(sequence: Name("orders")!, count: 1)
            guard case .error(let status) = try reader.call(tickets) else { throw TestFailure("it is allowed") }
            #expect(status.code == .permissionDenied && status.message.contains("needs the scope tickets"), "\(status)")
            // The next call is served: the connection stays.
            _ = try reader.nextID()
            let shop = try Peer.tcp(daemon.tcpPort())
            #expect(try show(Self.tickets, to: shop) == .authenticated)
            #expect(try shop.nextTickets("orders", 1).count == 1)
            #expect(try shop.call(.nextID).code == .permissionDenied)
            #expect(try shop.call(.nextBatch(count: 1)).code == .permissionDenied)
        }
    }

    @Test func aUnixSocketAsksForNone() throws {
        try withTokens { daemon, _ in
            let peer = try Peer.unix(daemon.socketPath)
            _ = try peer.nextID()
            // A client that has one may show it, there and where there are none.
            #expect(try show("whatever", to: peer) == .authenticated)
            _ = try peer.nextID()
        }
        try withDaemon(["--listen", "tcp:127.0.0.1:0"]) { daemon in
            let peer = try Peer.tcp(daemon.tcpPort())
            #expect(try show("whatever", to: peer) == .authenticated)
            _ = try peer.nextID()
        }
    }

    // MARK: - HTTP

    @Test func overHTTPEachRequestShowsIt() throws {
        try withTokens { daemon, _ in
            let peer = try HTTPPeer(port: daemon.httpPort())
            for fields in [[], bearer("wrong-token-0123456789"), bearer(""), ["Authorization: Basic \(Self.all)"]] {
                let answer = try peer.ask("GET", "/", fields: fields)
                #expect(answer.status == 401 && answer.fields["www-authenticate"] == "Bearer", "\(fields)")
                #expect(answer.json["error"] != nil)
            }
            // Two fields are one list, which is no token.
            let twice = bearer(Self.all) + bearer(Self.all)
            #expect(try peer.ask("GET", "/", fields: twice).status == 401)
            #expect(try peer.ask("GET", "/", fields: bearer(Self.all)).status == 200)
            #expect(try peer.ask("GET", "/", fields: ["authorization: bearer  \(Self.ids)"]).status == 200)
            #expect(try peer.ask("POST", "/sequences/a", fields: bearer(Self.ids)).status == 403)
            #expect(try peer.ask("POST", "/sequences/a", fields: bearer(Self.tickets)).status == 200)
            #expect(try peer.ask("GET", "/ids?count=2", fields: bearer(Self.tickets)).status == 403)
            #expect(try peer.ask("GET", "/openapi.json", fields: bearer(Self.tickets)).status == 200)
            // It is shown again with the next request on the connection.
            #expect(try peer.ask("GET", "/").status == 401)
        }
    }

    @Test func theAdminPortAsksForItExceptOfProbes() throws {
        try withTokens { daemon, _ in
            let port = try daemon.httpPort("admin")
            for path in ["/livez", "/readyz"] { #expect(try HTTPPeer.ask("GET", path, port: port).status == 200) }
            let peer = try HTTPPeer(port: port)
            #expect(try peer.ask("GET", "/metrics").status == 401)
            #expect(try peer.ask("GET", "/metrics", fields: bearer(Self.ids)).status == 403)
            let metrics = try peer.ask("GET", "/metrics", fields: bearer(Self.all))
            #expect(metrics.status == 200)
            for (door, count) in [("framed", 0), ("http", 0), ("admin", 2)] {
                #expect(metrics.body.contains("firn_tokens_refused_total{door=\"\(door)\"} \(count)\n"))
            }
        }
    }

    @Test func aDaemonThatAsksForItIsAlive() throws {
        try withTokens { daemon, _ in
            let address = "tcp:127.0.0.1:\(try daemon.tcpPort())"
            let live = try Command.run(["health", "--live", "--address", address])
            #expect(live.exitCode == 0 && live.lines == ["alive"], "\(live)")
            let ready = try Command.run(["health", "--address", address])
            #expect(ready.exitCode == 70 && ready.errors.contains("token"), "\(ready)")
        }
    }

    // MARK: - The file

    @Test(arguments: [
        ("a short", 0o600, "line 1: the token of 'a' has 5 bytes"), ("", 0o600, "it has no token"),
        ("a 0123456789abcdef", 0o644, "has the mode 0644"), ("a 0123456789abcdef", 0o620, "chmod 600"),
    ]) func aWrongFileIsRefusedAtTheStartAndByCheck(_ text: String, _ mode: Int, _ message: String) throws {
        try withScratch { scratch in
            let path = try write(text, in: scratch, mode: mode)
            let places = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory"]
            let arguments = places + ["--token-file", path]
            for checks in [[], ["--check"]] {
                let (ending, error, _) = try runToEnd(in: scratch, arguments + checks)
                #expect(ending == .exited(78) && error.contains(message) && error.contains(path), "\(error)")
            }
        }
    }

    @Test func aFileThatIsNoneIsRefused() throws {
        try withScratch { scratch in
            let places = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory"]
            for path in [scratch.file("missing"), scratch.path, "/dev/null"] {
                let (ending, error, _) = try runToEnd(in: scratch, places + ["--token-file", path])
                #expect(ending == .exited(78) && error.contains("the token file \(path)"), "\(error)")
            }
        }
    }

    @Test(arguments: ["\n", "\r\n"]) func anyLineEndIsRead(_ end: String) throws {
        // Without one at the end.
        try withTokens(["# a", "", "a \(Self.all)", "b \(Self.ids) ids"].joined(separator: end)) { daemon, _ in
            for token in [Self.all, Self.ids] {
                let peer = try Peer.tcp(daemon.tcpPort())
                #expect(try show(token, to: peer) == .authenticated)
            }
        }
    }

    /// New ones are accepted, old ones no longer; connections that are open go on.
    @Test func aFileThatChangesIsReadAgain() throws {
        try withTokens { daemon, scratch in
            let port = try daemon.tcpPort()
            let old = try Peer.tcp(port)
            #expect(try show(Self.all, to: old) == .authenticated)
            let new = "a-new-token-0123456789"
            _ = try write("app \(new)\n", in: scratch)
            try daemon.waitUntilItSays(Self.reread)
            #expect(try show(new, to: Peer.tcp(port)) == .authenticated)
            #expect(try show(Self.all, to: Peer.tcp(port)).code == .unauthenticated)
            _ = try old.nextID()
            #expect(!daemon.log.contains(new))
            // Half written: what was read stays, and it is said once.
            _ = try write("app \(new)\nother 012", in: scratch)
            try daemon.waitUntilItSays(Self.refused)
            sleep(.milliseconds(2500))
            #expect(daemon.lines(with: Self.refused).count == 1, "\(daemon.log)")
            #expect(try show(new, to: Peer.tcp(port)) == .authenticated)
            _ = try write("app \(new)\nother 0123456789abcdef", in: scratch)
            try eventually("it is read again") { daemon.lines(with: Self.reread).count == 2 }
            #expect(try show("0123456789abcdef", to: Peer.tcp(port)) == .authenticated)
        }
    }

    @Test func onSIGHUPItIsReadAtOnceAndAMissingOneChangesNothing() throws {
        try withTokens { daemon, scratch in
            try FileManager.default.removeItem(atPath: scratch.file("tokens"))
            daemon.signal(SIGHUP)
            try eventually("it says so") {
                daemon.log.contains("a part could not be reloaded, and stays as it was")
                    || daemon.log.contains(Self.refused)
            }
            let port = try daemon.tcpPort()
            #expect(try show(Self.all, to: Peer.tcp(port)) == .authenticated)
        }
    }

    /// As Kubernetes swaps a secret: a link to a directory is replaced.
    @Test func aLinkThatIsSwappedIsFollowed() throws {
        try withScratch { scratch in
            let files = FileManager.default
            for (name, token) in [("one", Self.all), ("two", Self.ids)] {
                try files.createDirectory(atPath: scratch.file(name), withIntermediateDirectories: false)
                let path = try scratch.write("\(name)/tokens", "a \(token)\n")
                try files.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
            }
            try files.createSymbolicLink(atPath: scratch.file("data"), withDestinationPath: "one")
            let arguments = [
                "--token-file", scratch.file("data/tokens"), "--listen", "tcp:127.0.0.1:0", "--store", "memory",
            ]
            try withDaemon(in: scratch, arguments) { daemon in
                let port = try daemon.tcpPort()
                #expect(try show(Self.all, to: Peer.tcp(port)) == .authenticated)
                try files.createSymbolicLink(atPath: scratch.file("next"), withDestinationPath: "two")
                rename(scratch.file("next"), scratch.file("data"))
                try daemon.waitUntilItSays(Self.reread)
                #expect(try show(Self.ids, to: Peer.tcp(port)) == .authenticated)
                #expect(try show(Self.all, to: Peer.tcp(port)).code == .unauthenticated)
            }
        }
    }

    @Test func beyondLoopbackTokensAreEnoughAndItWarns() throws {
        try withScratch { scratch in
            let path = try write(Self.file, in: scratch)
            let arguments = ["--listen", "tcp:0.0.0.0:0", "--store", "memory"]
            let (ending, error, _) = try runToEnd(in: scratch, arguments + ["--check"])
            #expect(ending == .exited(78) && error.contains("--token-file"), "\(error)")
            try withDaemon(in: scratch, arguments + ["--token-file", path]) { daemon in
                try daemon.waitUntilItSays("warning tokens are sent in the clear")
            }
        }
    }

    // MARK: - The client

    /// The client, in a process of its own.
    @Test func theCommandShowsItsToken() throws {
        try withTokens { daemon, scratch in
            let file = scratch.file("tokens")
            let address = ["--address", "tcp:127.0.0.1:\(try daemon.tcpPort())"]
            func run(_ words: [String], token: String? = nil, _ environment: [String: String] = [:]) throws -> Command {
                var environment = environment
                environment["FIRN_TOKEN"] = token
                return try Command.run(words + address, environment: environment)
            }
            for command in [
                try run(["next", "--token-file", file]), try run(["next"], token: Self.all),
                try run(["next"], ["FIRN_TOKEN_FILE": file]), try run(["ticket", "orders"], token: Self.tickets),
                try run(["next", "--token-file", file], token: "wrong-token-0123456789"),
            ] {
                #expect(command.exitCode == 0 && command.lines.count == 1 && command.errors.isEmpty, "\(command)")
            }
            for command in [
                try run(["next"]), try run(["next"], token: "wrong-token-0123456789"),
                try run(["ticket", "orders"], token: Self.ids),
            ] {
                #expect(command.exitCode == 70 && command.output.isEmpty, "\(command)")
                #expect(command.errors.contains("token") && !command.errors.contains("0123456789"), "\(command)")
            }
            let short = try run(["next"], token: "short")
            #expect(short.exitCode == 64 && short.errors.contains("FIRN_TOKEN is no token"), "\(short)")
        }
    }
}
