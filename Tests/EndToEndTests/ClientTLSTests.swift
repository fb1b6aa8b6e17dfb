import EtcdTestSupport
import FirnClient
import FirnLayout
import FirnTestSupport
import Foundation
import Synchronization
import Testing

/// The client and the command over TLS, against the real daemon.
@Suite struct ClientTLSTests {
    private static let doors = [
        "--listen", "tls:127.0.0.1:0", "--http", "tls:127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", "memory",
    ]

    private static func configuration(
        _ fixture: TLSFixture,
        as client: TestCertificates.Pair? = nil
    ) -> FirnClientConfiguration {
        var configuration = FirnClientConfiguration()
        configuration.timeout = .seconds(60)
        configuration.tls.authoritiesPath = fixture.authority.certificate
        configuration.tls.certificatePath = client?.certificate
        configuration.tls.keyPath = client?.key
        return configuration
    }

    @Test func aClientGetsIDs() async throws {
        let fixture = try TLSFixture()
        let client = try fixture.certificates.issue("app", "subjectAltName=DNS:app.example.com")
        let scratch = try Scratch()
        let daemon = try startedDaemon(scratch, fixture.options(knowingClients: true))
        let address = try FirnAddress.tls(host: "localhost", port: daemon.tlsPort())
        #expect("\(address)" == "tls:localhost:\(try daemon.tlsPort())")
        try await withFirnClient(address: address, configuration: Self.configuration(fixture, as: client)) { client in
            var ids: Set<FirnID> = []
            for _ in 0..<100 { ids.insert(try await client.nextID()) }
            ids.formUnion(try await client.nextIDs(count: 10_000))
            #expect(ids.count == 10_100)
            #expect(try await client.nextTicket(sequence: "t").rawValue == 1)
        }
    }

    @Test func refusalsSayWhy() async throws {
        let fixture = try TLSFixture()
        let scratch = try Scratch()
        let daemon = try startedDaemon(scratch, fixture.options())
        let port = try daemon.tlsPort()

        func failure(_ host: String, _ change: (inout FirnClientConfiguration) -> Void) async throws -> FirnClientError?
        {
            var configuration = Self.configuration(fixture)
            configuration.circuitBreakerTripAfter = .zero
            change(&configuration)
            let address = try FirnAddress.tls(host: host, port: port)
            do {
                try await withFirnClient(address: address, configuration: configuration) { _ = try await $0.nextID() }
                return nil
            } catch {
                return error as? FirnClientError
            }
        }
        #expect(try await failure("localhost") { _ in } == nil)
        #expect(try await failure("127.0.0.1") { _ in } == nil)
        let stranger = try await failure("localhost") {
            $0.tls.authoritiesPath = fixture.certificates.stranger.certificate
        }
        #expect(stranger?.code == .unreachable && stranger?.message.contains("CERTIFICATE_VERIFY_FAILED") == true)
        // The host of the address is not in the certificate, and the configured name is.
        #expect(try await failure("127.0.0.2") { _ in }?.code == .unreachable)
        // The certificate has the address that is connected to, and not the name that it must have.
        for name in ["other.example.com", "127.0.0.2", "::1"] {
            let other = try await failure("localhost") { $0.tls.serverName = name }
            #expect(
                other?.code == .unreachable && other?.message.contains("does not have the name \"\(name)\"") == true
            )
        }
        #expect(try await failure("127.0.0.1") { $0.tls.serverName = "localhost" } == nil)
        let missing = try await failure("localhost") { $0.tls.authoritiesPath = scratch.file("nothing.pem") }
        #expect(missing?.message.contains("nothing.pem") == true)
        let half = try await failure("localhost") { $0.tls.certificatePath = fixture.server.certificate }
        #expect(half?.message.contains("belong together") == true)
        let foreign = try await failure("localhost") {
            $0.tls.certificatePath = fixture.server.certificate
            $0.tls.keyPath = fixture.authority.key
        }
        #expect(foreign?.message.contains("is not that of the certificate") == true, "\(foreign as Any)")
    }

    @Test func anAddressWithoutTLSIsNamed() throws {
        let fixture = try TLSFixture()
        let scratch = try Scratch()
        let daemon = try startedDaemon(scratch, fixture.options() + ["--listen", "tcp:127.0.0.1:0"])
        let address = "tls:127.0.0.1:\(try daemon.tcpPort())"
        let command = try Command.run(["next", "--address", address, "--tls-ca", fixture.authority.certificate])
        #expect(command.exitCode == 69 && command.errors.contains("there is no TLS at this address"), "\(command)")
    }

    @Test func theCommandTakesOptionsAndTheEnvironment() throws {
        let fixture = try TLSFixture()
        let client = try fixture.certificates.issue("app", "subjectAltName=DNS:app.example.com")
        let scratch = try Scratch()
        let daemon = try startedDaemon(scratch, fixture.options(knowingClients: true))
        let address = "tls:127.0.0.1:\(try daemon.tlsPort())"
        let options = [
            "--tls-ca", fixture.authority.certificate, "--tls-cert", client.certificate, "--tls-key", client.key,
            "--tls-server-name", "localhost",
        ]
        let byOptions = try Command.run(["next", "--address", address] + options)
        #expect(byOptions.exitCode == 0 && byOptions.lines.count == 1, "\(byOptions)")
        let environment = [
            "FIRN_ADDRESS": address, "FIRN_TLS_CA": fixture.authority.certificate, "FIRN_TLS_CERT": client.certificate,
            "FIRN_TLS_KEY": client.key, "FIRN_TLS_SERVER_NAME": "localhost",
        ]
        let byEnvironment = try Command.run(["next"], environment: environment)
        #expect(byEnvironment.exitCode == 0 && byEnvironment.lines.count == 1, "\(byEnvironment)")
        // With TLS 1.3 it is connected before it is refused.
        let unknown = try Command.run(["next", "--address", address] + options.prefix(2) + options.suffix(2))
        #expect(unknown.exitCode == 75 && unknown.errors.contains("refuses this client's certificate"), "\(unknown)")
        let untrusting = try Command.run(["next", "--address", address])
        #expect(untrusting.exitCode == 69 && untrusting.errors.contains("TLS handshake"), "\(untrusting)")
        let half = try Command.run(["next", "--address", address, "--tls-cert", client.certificate])
        #expect(half.exitCode == 64 && half.errors.contains("belong together"), "\(half)")
    }

    /// Three replacements while clients of the framed protocol, and curl over HTTP and gRPC, ask without pause: no call fails.
    @Test func certificatesAreReplacedUnderLoadWithoutAFailedCall() async throws {
        let fixture = try TLSFixture()
        let others = try (0..<3).map { try fixture.certificates.issue("server-\($0)", TLSFixture.names) }
        let scratch = try Scratch()
        let daemon = try startedDaemon(scratch, fixture.options() + ["--grpc", "tls:127.0.0.1:0"])
        let address = try FirnAddress.tls(host: "localhost", port: daemon.tlsPort())
        let url = "https://localhost:\(try daemon.securePort())/"
        let grpc = "https://localhost:\(try daemon.securePort("grpc"))/firn.v1.IDService/NextID"
        let deadline = ContinuousClock.now + .seconds(60)
        let calls = try await withThrowingTaskGroup(of: Int.self) { group in
            let isOver = Flag()
            group.addTask {
                // The others end with this one, also when it fails.
                defer { isOver.set() }
                for (index, pair) in others.enumerated() {
                    try fixture.replaceServer(by: pair)
                    while daemon.lines(with: "the TLS certificate was replaced").count <= index {
                        guard ContinuousClock.now < deadline else { throw TestFailure("no replacement: \(daemon.log)") }
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                return 0
            }
            for isOneLongConnection in [true, true, false] {
                group.addTask {
                    var calls = 0
                    while !isOver.isSet {
                        try await withFirnClient(address: address, configuration: Self.configuration(fixture)) {
                            client in
                            repeat {
                                _ = try await client.nextID()
                                calls += 1
                            } while isOneLongConnection && !isOver.isSet
                        }
                    }
                    return calls
                }
            }
            group.addTask {
                var calls = 0
                while !isOver.isSet {
                    let curl = try Tool.run(
                        "/usr/bin/curl",
                        "--silent",
                        "--fail",
                        "--cacert",
                        fixture.authority.certificate,
                        url
                    )
                    guard curl.status == 0 else { throw TestFailure("curl ended with \(curl)") }
                    calls += 1
                    // Waiting for curl blocks a thread, of which there are few.
                    await Task.yield()
                }
                return calls
            }
            group.addTask {
                var calls = 0
                while !isOver.isSet {
                    // Ten calls on one connection.
                    let output = try GRPCTests.nextID(
                        scratch,
                        ["--cacert", fixture.authority.certificate] + Array(repeating: grpc, count: 10)
                    )
                    let count = output.fields.components(separatedBy: "grpc-status: 0").count - 1
                    guard count == 10 else { throw TestFailure("\(count) of 10 calls over gRPC: \(output.fields)") }
                    calls += count
                    await Task.yield()
                }
                return calls
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(calls.filter { $0 > 0 }.count == 5, "\(calls)")
        for door in ["frames", "http", "grpc"] {
            #expect(try daemon.metric(#"firn_tls_handshake_failures_total{door="\#(door)"}"#) == 0, "\(door)")
        }
        #expect(try fixture.subject(at: daemon.tlsPort()) == "subject=CN = server-2")
    }

    @Test func twoHundredIdleConnections() async throws {
        let fixture = try TLSFixture()
        let scratch = try Scratch()
        let daemon = try startedDaemon(scratch, fixture.options() + ["--tcp-idle-timeout", "off"])
        var configuration = Self.configuration(fixture)
        configuration.maximumConnectionHardLimit = 200
        configuration.maximumConnectionSoftLimit = 200
        configuration.minimumConnectionCount = 200
        let address = try FirnAddress.tls(host: "localhost", port: daemon.tlsPort())
        let before = try daemon.residentKiB()
        let open = #"firn_connections_accepted_total{socket="tls"}"#
        try await withFirnClient(address: address, configuration: configuration) { client in
            let deadline = ContinuousClock.now + .seconds(60)
            while try daemon.metric(open) != 200 {
                guard ContinuousClock.now < deadline else { throw TestFailure("not 200 connections: \(daemon.log)") }
                try await Task.sleep(for: .milliseconds(20))
            }
            _ = try await client.nextID()
            let perConnection = (try daemon.residentKiB() - before) / 200
            #expect(perConnection < 128, "\(perConnection) KiB for each")
            print("TLS: \(perConnection) KiB resident for each idle connection")
            // They cost no time: the process sleeps.
            let used = try daemon.processorTime()
            try await Task.sleep(for: .seconds(1))
            #expect(try daemon.processorTime() - used < .milliseconds(100))
        }
    }

    private func startedDaemon(_ scratch: Scratch, _ arguments: [String]) throws -> Daemon {
        let socket = ["--listen", "unix:\(scratch.file("firn.sock"))"]
        let daemon = try Daemon(in: scratch, arguments: Self.doors + socket + arguments)
        try daemon.waitUntilServing()
        return daemon
    }
}

/// A flag that one task sets for others.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}
