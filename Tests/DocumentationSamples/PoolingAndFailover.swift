// Made from Sources/FirnClient/FirnClient.docc/PoolingAndFailover.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnLayout

func sample1OfPoolingAndFailover(client: FirnClient) async throws {
    var configuration = FirnClientConfiguration()
    configuration.minimumConnectionCount = 1
    configuration.timeout = .milliseconds(250)
    let firn = FirnClient(address: .default(), configuration: configuration)
    await firn.run()
}

func sample2OfPoolingAndFailover(client: FirnClient) async throws {
    let addresses = try [
        FirnAddress.unix(path: "/run/firn/firn.sock"),
        FirnAddress.tcp(host: "127.0.0.1", port: 7300),
    ]
    try await withFirnClient(addresses: addresses) { client in
        print(try await client.nextID())
    }
}
