import FirnLayout
import FirnServer
import FirnTestSupport
import Foundation
import Logging
import Testing

@testable import FirnHTTP

/// The description and the routes say the same, both ways.
@Suite struct OpenAPITests {
    private struct Operation {
        let path: String
        let method: String
        let statuses: [Int]
        let hasParameters: Bool
    }

    private func operations() throws -> [Operation] {
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(OpenAPI.text.utf8)) as? [String: Any]
        )
        #expect(document["openapi"] as? String == "3.0.3")
        let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
        return paths.flatMap { path, methods in
            methods.map { method, operation in
                Operation(
                    path: path,
                    method: method.uppercased(),
                    statuses: (operation["responses"] as? [String: Any] ?? [:]).keys.compactMap { Int($0) },
                    hasParameters: operation["parameters"] != nil
                )
            }
        }
    }

    /// A target of a documented path that is answered with `status`.
    private func target(_ path: String, _ status: Int) -> String {
        let filled = path.replacing("{id}", with: "17").replacing("{name}", with: "a").replacing("{service}", with: "A")
            .replacing("{worker}", with: "5")
        if status == 400 { return filled + (path == "/" ? "?count=1" : "?nonsense=1") }
        switch path {
        case "/leases":
            return filled + "?name=a" + (status == 414 ? "&host=" + String(repeating: "h", count: 2048) : "")
        case "/leases/{worker}": return filled + "?generation=1&instance=2&token=3"
        default: return filled
        }
    }

    /// The target of a lease that is held.
    private func leaseTarget(_ server: HTTPServerUnderTest) throws -> String {
        let lease = try server.connect().ask("POST", "/leases?name=a").json
        func text(_ name: String) -> String { lease[name].map { "\($0)" } ?? "" }
        return
            "/leases/\(text("worker"))?generation=\(text("generation"))&instance=\(text("instance"))&token=\(text("token"))"
    }

    private static let token = "0123456789abcdef"

    /// What a server asks for that answers so: nothing, or a token, of which the one in ``token`` takes no ID and no ticket.
    private func tokens(_ status: Int, _ method: String) throws -> TokenGate? {
        guard status == 401 || (status == 403 && method == "GET") else { return nil }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return TokenGate(try TokenBook(lines: ["a \(Self.token) admin"]), logger: logger)
    }

    /// Fields with which a request is answered so.
    private func fields(_ status: Int, _ method: String) -> [String] {
        switch status {
        case 403 where method == "GET": ["Authorization: Bearer \(Self.token)"]
        case 304: ["If-None-Match: \(OpenAPI.entityTag)"]
        case 403: ["Origin: https://evil.example"]
        case 421: ["Host: evil.example"]
        default: []
        }
    }

    @Test func whatIsDocumentedIsAnswered() throws {
        let operations = try operations()
        #expect(Set(operations.map(\.path)).count == 8)
        for operation in operations {
            for status in operation.statuses {
                let target = target(operation.path, status)
                let full: (inout HTTPLimits) -> Void = { $0.maximumConnections = 0 }
                let answer = try withHTTPServer(
                    maximumSequences: status == 429 ? 0 : 1000,
                    maximumLeases: status == 501 ? nil : status == 429 ? 0 : 10,
                    tokens: tokens(status, operation.method),
                    status == 503 ? full : { _ in }
                ) { server in
                    let isOfLease = operation.path == "/leases/{worker}" && status == 200
                    return try server.connect().ask(
                        operation.method,
                        isOfLease ? try leaseTarget(server) : target,
                        fields: fields(status, operation.method)
                    )
                }
                #expect(answer.status == status, "\(operation.method) \(target)")
                guard status != 304 else {
                    #expect(answer.fields["content-type"] == nil && answer.fields["etag"] == OpenAPI.entityTag)
                    continue
                }
                #expect(answer.fields["content-type"] == "application/json")
                #expect((answer.fields["www-authenticate"] != nil) == (status == 401))
                #expect((answer.fields["retry-after"] != nil) == (status == 429 || status == 503))
                #expect((answer.json["error"] is String) == (status != 200))
            }
        }
    }

    /// Beside constants they are no sums of widths.
    @Test func leasesTellThePlacesOfFields() throws {
        let layout = try Layout(parsing: "version:2=2,time:41ms@2025-01-01T00:00:00Z,worker:8,spare:3=0,sequence:10")
        for layout in [layout, .snowflake] {
            let lease = try withHTTPServer(layout: layout, maximumLeases: 10) { server in
                try server.connect().ask("POST", "/leases?name=a").json
            }
            let isPlain = layout == .snowflake
            #expect(lease["timeShift"] as? Int == (isPlain ? 22 : 21), "\(lease)")
            #expect(lease["workerShift"] as? Int == (isPlain ? 12 : 13), "\(lease)")
            #expect(lease["sequenceShift"] as? Int == 0, "\(lease)")
            #expect(lease["constantBits"] as? String == (isPlain ? "0" : "9223372036854775808"), "\(lease)")
            let documented = ["timeShift", "workerShift", "sequenceShift", "constantBits"]
            #expect(documented.allSatisfy { OpenAPI.text.contains("\"\($0)\":{\"type\"") })
        }
    }

    @Test func whatIsAnsweredIsDocumented() throws {
        let operations = try operations()
        try withHTTPServer { server in
            for endpoint in Endpoint.all {
                #expect(operations.contains { $0.path == endpoint.template && $0.method == endpoint.method })
            }
            // Of all methods on all paths, those that are not documented are refused; HEAD goes with GET.
            for path in Set(operations.map(\.path)) {
                let documented = Set(operations.filter { $0.path == path }.map(\.method))
                for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
                    let isThere = documented.contains(method == "HEAD" ? "GET" : method)
                    let answer = try server.ask(method, target(path, 200))
                    #expect((answer.status == 405) == !isThere, "\(method) \(path)")
                }
            }
            #expect(try server.ask("GET", "/openapi.json").body == OpenAPI.text)
        }
    }
}
