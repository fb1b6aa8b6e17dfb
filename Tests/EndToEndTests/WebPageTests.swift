import FirnTestSupport
import Foundation
import Testing

/// Pages in a real browser, and what they can do to a daemon that listens on this host.
@Suite struct WebPageTests {
    private static let http = ["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", "memory"]

    private func nextTicket(_ port: UInt16) throws -> Int? {
        let answer = try HTTPPeer.ask("POST", "/sequences/orders", port: port)
        return (answer.json["tickets"] as? [String])?.first.flatMap { Int($0) }
    }

    /// What comes of a page's request: the answer's text, or that there was none to read.
    private func fetch(_ browser: Browser, _ address: String, _ options: String) throws -> String {
        _ = try browser.text(
            "window.outcome = undefined, fetch('\(address)', \(options)).then(r => r.type + ' ' + r.status)"
                + ".catch(e => 'none').then(t => window.outcome = t), 0"
        )
        var outcome = ""
        try eventually("the page's request ends", every: .milliseconds(20)) {
            outcome = try browser.text("window.outcome")
            return outcome != "undefined"
        }
        return outcome
    }

    @Test func aPageOnAnotherPortTakesNoTicketUnlessItsOriginIsAllowed() throws {
        try withDaemon(Self.http) { daemon in
            let port = try daemon.httpPort()
            // A page of this host, and of another port: what the admin address serves has an origin as any page has.
            let page = "http://127.0.0.1:\(try daemon.httpPort("admin"))"
            let orders = "http://127.0.0.1:\(port)/sequences/orders"
            try withDaemon(Self.http + ["--http-allow-origin", page]) { open in
                try withScratch { scratch in
                    let browser = try Browser(in: scratch)
                    try browser.open(page + "/livez")
                    try eventually("the page is there", within: .seconds(30), every: .milliseconds(50)) {
                        try browser.text("location.origin") == page
                    }
                    #expect(try nextTicket(port) == 1)
                    #expect(try fetch(browser, orders, "{method: 'POST'}") == "none")
                    // What a form does: the browser sends it without asking first, and lets nobody read the answer.
                    #expect(try fetch(browser, orders, "{method: 'POST', mode: 'no-cors'}") == "opaque 0")
                    #expect(try fetch(browser, orders, "{method: 'POST', headers: {'X-Any': 'field'}}") == "none")
                    #expect(try fetch(browser, "http://127.0.0.1:\(port)/", "{}") == "none")
                    #expect(try nextTicket(port) == 2, "the page took none")

                    let allowed = "http://127.0.0.1:\(try open.httpPort())/sequences/orders"
                    #expect(try fetch(browser, allowed, "{method: 'POST'}") == "cors 200")
                    #expect(try fetch(browser, allowed, "{method: 'POST', headers: {'X-Any': 'field'}}") == "cors 200")
                    #expect(try nextTicket(open.httpPort()) == 3, "two were the page's")
                }
            }
        }
    }

    @Test func whatMayIsSetAndSaid() throws {
        try withScratch { scratch in
            let checked = try runToEnd(
                in: scratch,
                ["--check", "--http", "127.0.0.1:3000", "--http-allow-host", "Ids.Example.com"],
                environment: ["FIRN_HTTP_ALLOW_ORIGIN": "https://B.example.com:443 http://localhost:8080"]
            )
            #expect(checked.ending == .exited(0), "\(checked.error)")
            let words = checked.output.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(words.contains(["web", "pages", "http://localhost:8080", "https://b.example.com"]))
            for (option, value, part) in [
                ("--http-allow-origin", "example.com", "scheme://host"),
                ("--http-allow-origin", "null", "scheme://host"),
                ("--http-allow-origin", "https://a/b", "without a path"),
                ("--http-allow-host", "a:80", "without a port"),
                ("--http-allow-host", "a b", "no host"),
            ] {
                let wrong = try runToEnd(in: scratch, ["--check", "\(option)=\(value)"])
                #expect(wrong.ending == .exited(78) && wrong.error.contains(part), "\(wrong.error)")
            }
            let both = try runToEnd(in: scratch, ["--check", "--http-allow-origin=*", "--http-allow-origin=https://a"])
            #expect(both.ending == .exited(78) && both.error.contains("leave the others out"))
        }
    }

    @Test func aHostIsAllowedByNameAndFoundByItsOwn() throws {
        try withDaemon(Self.http + ["--http-allow-host", "ids.example.com"]) { daemon in
            var name = [CChar](repeating: 0, count: 256)
            gethostname(&name, name.count - 1)
            let own = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            for port in [try daemon.httpPort(), try daemon.httpPort("admin")] {
                let peer = try HTTPPeer(port: port)
                for host in ["127.0.0.1:\(port)", "ids.example.com", own] {
                    #expect(try peer.ask("GET", "/", fields: ["Host: \(host)"]).status == 200, "\(host)")
                }
                #expect(try peer.ask("GET", "/", fields: ["Host: evil.example"]).status == 421)
            }
        }
    }
}
