import FirnTestSupport
import Foundation
import Testing

@testable import FirnHTTP

/// What web pages can do, over real sockets.
@Suite struct WebPageTests {
    private static let evil = "Origin: https://evil.example"
    private static let app = "Origin: https://app.example.com"
    private static let allowing = OriginPolicy(origins: .these([WebOrigin("https://app.example.com")!]))

    private func nextTicket(_ server: HTTPServerUnderTest) throws -> String? {
        (try server.ask("POST", "/sequences/orders").json["tickets"] as? [String])?.first
    }

    @Test func aForeignPageTakesNoTicketAndNoPrefix() throws {
        try withHTTPServer { server in
            #expect(try nextTicket(server) == "1")
            let peer = try server.connect()
            for field in [Self.evil, "Origin: null", "Sec-Fetch-Site: cross-site"] {
                for target in ["/sequences/orders?count=100", "/prefixes/A"] {
                    let answer = try peer.ask("POST", target, fields: [field])
                    #expect(answer.status == 403)
                    #expect((answer.json["error"] as? String)?.contains("--http-allow-origin") == true)
                    #expect(answer.fields["access-control-allow-origin"] == nil)
                }
            }
            #expect(try nextTicket(server) == "2")
            #expect(try server.ask("POST", "/prefixes/A").json["prefix"] as? String == "A-1")
            // What comes from nowhere else is no page of another origin.
            let own = try peer.ask("POST", "/sequences/orders", fields: ["Origin: http://localhost"])
            #expect(own.status == 200 && own.fields["vary"] == nil)
        }
    }

    @Test func aForeignPageCanReadNothing() throws {
        try withHTTPServer { server in
            let peer = try server.connect()
            for target in ["/", "/ids?count=3", "/ids/17", "/openapi.json"] {
                let answer = try peer.ask("GET", target, fields: [Self.evil])
                #expect(answer.status == 200 && answer.fields["access-control-allow-origin"] == nil)
            }
            let asked = try peer.ask(
                "OPTIONS",
                "/sequences/orders",
                fields: [Self.evil, "Access-Control-Request-Method: POST"]
            )
            #expect(asked.status == 403 && asked.fields["access-control-allow-methods"] == nil)
            #expect(try peer.ask("OPTIONS", "/ids").status == 405)
        }
    }

    @Test func anAllowedPageTakesTicketsAndReadsThem() throws {
        try withHTTPServer(policy: Self.allowing) { server in
            let peer = try server.connect()
            let asked = try peer.ask(
                "OPTIONS",
                "/sequences/orders",
                fields: [
                    Self.app, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: traceparent",
                ]
            )
            #expect(asked.status == 204)
            #expect(asked.fields["access-control-allow-origin"] == "https://app.example.com")
            #expect(asked.fields["access-control-allow-methods"] == "POST")
            #expect(asked.fields["access-control-allow-headers"] == "*, authorization")
            #expect(asked.fields["access-control-max-age"] == "600")
            #expect(asked.fields["vary"] == "origin" && asked.fields["content-length"] == nil)
            for (method, target, status) in [
                ("POST", "/sequences/orders", 200), ("GET", "/", 200), ("GET", "/nope", 404), ("PUT", "/ids", 405),
            ] {
                let answer = try peer.ask(method, target, fields: [Self.app])
                #expect(answer.status == status)
                #expect(answer.fields["access-control-allow-origin"] == "https://app.example.com", "\(target)")
                #expect(answer.fields["access-control-expose-headers"] == "etag, retry-after")
                #expect(answer.fields["vary"] == "origin")
            }
            #expect(try peer.ask("POST", "/sequences/orders", fields: [Self.evil]).status == 403)
            let without = try peer.ask("GET", "/")
            #expect(without.fields["access-control-allow-origin"] == nil && without.fields["vary"] == "origin")
            // Nothing at such a path.
            let nowhere = try peer.ask("OPTIONS", "/nope", fields: [Self.app, "Access-Control-Request-Method: GET"])
            #expect(nowhere.status == 404)
        }
    }

    @Test func whereAllMayAllMay() throws {
        try withHTTPServer(policy: OriginPolicy(origins: .any)) { server in
            let peer = try server.connect()
            for field in [Self.evil, "Origin: null"] {
                let answer = try peer.ask("POST", "/sequences/orders", fields: [field])
                #expect(answer.status == 200 && answer.fields["access-control-allow-origin"] == "*")
            }
        }
    }

    /// A page whose host's name leads to 127.0.0.1 is of the same origin as what answers there.
    @Test func aHostThatLeadsHereByItsOwnNameIsRefused() throws {
        let admin = AdminContent(paths: ["/status"]) { _ in
            HTTPDocument(statusCode: 200, contentType: "text/plain", body: [])
        }
        try withHTTPServer(admin: admin, policy: OriginPolicy(hosts: ["firn.internal"])) { server in
            let peer = try server.connect()
            let rebound = ["Host: evil.example:3000", "Origin: http://evil.example:3000"]
            for (method, target) in [("POST", "/sequences/orders"), ("GET", "/"), ("GET", "/ids"), ("OPTIONS", "/ids")]
            {
                let answer = try peer.ask(method, target, fields: rebound)
                #expect(answer.status == 421)
                #expect((answer.json["error"] as? String)?.contains("--http-allow-host") == true)
            }
            for host in ["127.0.0.1:\(server.port)", "localhost", "[::1]:1", "firn.internal"] {
                #expect(try peer.ask("GET", "/", fields: ["Host: \(host)"]).status == 200)
            }
            #expect(try peer.ask("GET", "/", fields: ["Host: evil.example"]).status == 421, "after one that was good")
            #expect(try peer.ask("GET", "http://evil.example/").status == 421)
            #expect(try nextTicket(server) == "1")
            let documents = try HTTPPeer(port: server.adminPort)
            #expect(try documents.ask("GET", "/status", fields: ["Host: evil.example"]).status == 421)
            #expect(try documents.ask("GET", "/status").status == 200)
        }
    }
}
