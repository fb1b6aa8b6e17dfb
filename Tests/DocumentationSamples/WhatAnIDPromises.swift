// Made from Sources/FirnClient/FirnClient.docc/WhatAnIDPromises.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnLayout

func sample1OfWhatAnIDPromises(client: FirnClient) async throws {
    let layout = try await client.daemonDescription().layout
    let id = try await client.nextID()
    print(layout.decode(id).time as Any)
}
