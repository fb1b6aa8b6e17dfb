// Made from Sources/FirnClient/FirnClient.docc/GettingStarted.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnLayout
internal import Logging
#if ServiceLifecycle
internal import ServiceLifecycle
#endif
#if ServiceLifecycle
internal import UnixSignals
#endif

func sample1OfGettingStarted(client: FirnClient) async throws {
    try await withFirnClient(address: .default()) { client in
        let id = try await client.nextID()
        let batch = try await client.nextIDs(count: 1_000)
        print(id, batch.first!, batch.last!)
    }
}

func sample2OfGettingStarted(client: FirnClient) async throws {
    let sidecar = try FirnAddress.unix(path: "/run/firn/firn.sock")
    let remote = try FirnAddress(parsing: "tcp:127.0.0.1:7300")
    print(sidecar, remote)
}

func sample3OfGettingStarted(client: FirnClient) async throws {
    var configuration = FirnClientConfiguration()
    configuration.tls.authoritiesPath = "/etc/firn/ca.pem"
    configuration.tls.certificatePath = "/etc/firn/orders.pem"
    configuration.tls.keyPath = "/etc/firn/orders.key"
    configuration.token = "s3cret-token-of-orders"
    try await withFirnClient(address: .tls(host: "firn.internal", port: 7300), configuration: configuration) { client in
        print(try await client.nextID())
    }
}

#if ServiceLifecycle
func sample4OfGettingStarted(client: FirnClient) async throws {
    let logger = Logger(label: "orders")
    let firn = FirnClient(address: .default(), logger: logger)
    let services = ServiceGroup(
        services: [firn],
        gracefulShutdownSignals: [.sigterm],
        logger: logger
    )
    try await services.run()
}
#endif

func sample5OfGettingStarted(client: FirnClient) async throws {
    for id in try await client.nextIDs(count: 100_000) {
        print(id)
    }
}

func sample6OfGettingStarted(client: FirnClient) async throws {
    let ticket = try await client.nextTicket(sequence: "invoices")
    let prefix = try await client.nextPrefix(service: "ServiceA")
    print(ticket, prefix)
}

func sample7OfGettingStarted(client: FirnClient) async throws {
    do {
        let id = try await client.nextID(timeout: .milliseconds(200))
        print(id)
    } catch where error.isRetryable {
        print("try again later:", error)
    }
}
