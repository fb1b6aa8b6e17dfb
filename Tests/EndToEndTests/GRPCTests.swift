import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// The real daemon over gRPC, with curl as a client of HTTP/2.
@Suite struct GRPCTests {
    /// NextID's answer, which curl gets: the message's bytes, and the header fields and trailers.
    ///
    /// - Parameters:
    ///   - address: the URL, with the options that it needs.
    ///   - fields: header fields of the request.
    static func nextID(
        _ scratch: Scratch,
        _ address: [String],
        contentType: String = "application/grpc",
        hasBody: Bool = true,
        fields more: [String] = []
    ) throws -> (body: [UInt8], fields: String) {
        let request = scratch.file("request")
        try Data([0, 0, 0, 0, 0]).write(to: URL(fileURLWithPath: request))
        let (body, fields) = (scratch.file("body"), scratch.file("fields"))
        for path in [body, fields] { try Data().write(to: URL(fileURLWithPath: path)) }
        let options =
            [
                "--silent", "--show-error", "--max-time", "60", "--header",
                "content-type: \(contentType)", "--header", "te: trailers", "--dump-header", fields, "--output", body,
            ] + (hasBody ? ["--data-binary", "@\(request)"] : ["--request", "POST"])
            + more.flatMap { ["--header", $0] }
        let isEncrypted = address.contains { $0.hasPrefix("https:") }
        // With TLS the two agree on HTTP/2, by ALPN.
        let version = isEncrypted ? "--http2" : "--http2-prior-knowledge"
        let curl = try Program.run(["/usr/bin/curl", version] + options + address, in: scratch)
        #expect(curl.code == 0, "\(curl.output)")
        return (
            Array(try Data(contentsOf: URL(fileURLWithPath: body))),
            try String(contentsOfFile: fields, encoding: .utf8)
        )
    }

    @Test func curlGetsIDsOverTCPAndAUnixSocket() throws {
        try withScratch { scratch in
            let socket = scratch.file("grpc.sock")
            let arguments = [
                "--grpc", "127.0.0.1:0", "--grpc", "unix:\(socket)", "--store", "memory", "--worker", "17",
            ]
            try withDaemon(in: scratch, arguments) { daemon in
                let path = "/firn.v1.IDService/NextID"
                let url = "http://127.0.0.1:\(try daemon.httpPort("grpc"))\(path)"
                for address in [[url], ["--unix-socket", socket, "http://localhost\(path)"]] {
                    let (body, fields) = try Self.nextID(scratch, address)
                    #expect(body.prefix(6) == [0, 0, 0, 0, 9, 9] && body.count == 14)
                    let id = body.dropFirst(6).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                    #expect(Layout.snowflake.decode(FirnID(rawValue: id)).worker == 17)
                    #expect(fields.contains("grpc-status: 0"), "\(fields)")
                }
                // Without a body: curl 7.88 fails (92) when a whole answer comes before it has sent its own.
                let refused = try Self.nextID(scratch, [url], contentType: "text/plain", hasBody: false)
                #expect(refused.fields.contains("415"), "\(refused)")
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
            }
            #expect(!FileManager.default.fileExists(atPath: socket), "the socket's file is removed")
        }
    }

    @Test func aThousandIdleConnections() throws {
        let count = min(1000, raiseOpenFileLimit() / 2 - 100)
        // The preface and SETTINGS.
        let opening = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
        try withScratch { scratch in
            let limit = "\(count + 60)"
            let arguments = ["--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--max-grpc-connections", limit]
            try withDaemon(in: scratch, arguments) { daemon in
                let port = try daemon.httpPort("grpc")
                func open(_ number: Int) throws -> [HTTPPeer] {
                    try (0..<number).map { _ in
                        let peer = try HTTPPeer(port: port)
                        try peer.send(opening)
                        // Its SETTINGS.
                        try peer.waitForBytes()
                        return peer
                    }
                }
                func connections() throws -> Double {
                    let page = try HTTPPeer.ask("GET", "/metrics", port: try daemon.httpPort("admin")).body
                    return page.split(separator: "\n").filter { $0.hasPrefix("firn_grpc_connections{") }
                        .reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }
                }
                var peers = try open(50)
                let memory = try daemon.residentKiB()
                peers += try open(count)
                try eventually("all are counted") { try connections() == Double(count + 50) }
                let each = Double(try daemon.residentKiB() - memory) / Double(count)
                print("gRPC: \(count) idle connections take \(String(format: "%.2f", each)) KiB each")
                #expect(each < 40)
                let url = "http://127.0.0.1:\(port)/firn.v1.IDService/NextID"
                #expect(try Self.nextID(scratch, [url]).fields.contains("grpc-status: 0"))
                peers.removeAll()
                try eventually("they are closed") { try connections() == 0 }
            }
        }
    }

    @Test func otherHostsAreNotServedUnlessThatIsWanted() throws {
        try withScratch { scratch in
            let arguments = ["--store", "memory", "--listen", "unix:\(scratch.file("a.sock"))", "--grpc", "0.0.0.0:0"]
            let refused = try runToEnd(in: scratch, arguments)
            #expect(refused.ending == .exited(78) && refused.error.contains("--insecure-tcp"), "\(refused.error)")
            try withDaemon(in: scratch, ["--grpc", "0.0.0.0:0", "--insecure-tcp"]) { daemon in
                #expect(!daemon.lines(with: " grpc=0.0.0.0:").isEmpty)
            }
        }
    }

    @Test func usersWhoMayNotConnectAreNotServed() throws {
        try withScratch { scratch in
            let socket = scratch.file("grpc.sock")
            let arguments = ["--grpc", "unix:\(socket)", "--store", "memory", "--allow-uid", "12345"]
            try withDaemon(in: scratch, arguments) { _ in
                let curl = try Program.run(
                    [
                        "/usr/bin/curl", "--silent", "--http2-prior-knowledge", "--max-time", "60", "--unix-socket",
                        socket, "http://localhost/firn.v1.IDService/NextID",
                    ],
                    in: scratch
                )
                #expect(curl.code != 0)
            }
        }
    }

    @Test func badAddressesAreRefusedInWords() throws {
        try withScratch { scratch in
            let socket = scratch.file("grpc.sock")
            let wrong: [([String], String)] = [
                (["--grpc", "3000"], "--grpc: '3000' lacks a port"),
                (["--grpc", "unix:"], "--grpc: unix: lacks the socket's path"),
                (["--grpc", "127.0.0.1:1", "--grpc", "127.0.0.1:1"], "--grpc 127.0.0.1:1 is given twice"),
                (["--grpc", "127.0.0.1:3000", "--http", "127.0.0.1:3000"], "--http 127.0.0.1:3000"),
                (["--grpc", "unix:\(socket)", "--listen", "unix:\(socket)"], "--grpc unix:\(socket)"),
                (["--max-grpc-connections", "0"], "--max-grpc-connections is 0; choose 1 to 1048576"),
                (["--grpc-threads", "0"], "--grpc-threads is 0; choose 1 to 256"),
            ]
            for (arguments, part) in wrong {
                let checked = try runToEnd(in: scratch, ["--check"] + arguments)
                #expect(checked.ending == .exited(78) && checked.error.contains(part), "\(checked.error)")
            }
            let good = try runToEnd(
                in: scratch,
                ["--check"],
                environment: ["FIRN_GRPC": "127.0.0.1:3002 unix:\(socket)"]
            )
            let words = good.output.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(words.contains(["gRPC", "127.0.0.1:3002", "unix:\(socket)"]), "\(good.output)")
        }
    }
}
