// Made from Sources/FirnClient/FirnClient.docc/FirnClient.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnLayout

func sample1OfOverview(client: FirnClient) async throws {
    try await withFirnClient(address: .default()) { client in
        let id = try await client.nextID()
        print(id)
    }
}
