// Made from Sources/FirnClient/FirnClient.docc/FreshOrPrefetched.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnLayout

func sample1OfFreshOrPrefetched(client: FirnClient) async throws {
    let order = try await client.nextID()
    print(order)
}

func sample2OfFreshOrPrefetched(client: FirnClient) async throws {
    let prefetcher = client.makePrefetcher()
    let id = if let ready = prefetcher.nextIfAvailable() { ready } else { try await prefetcher.next() }
    print(id)
}

func sample3OfFreshOrPrefetched(client: FirnClient) async throws {
    for try await id in client.makePrefetcher() {
        print(id)
    }
}

func sample4OfFreshOrPrefetched(client: FirnClient) async throws {
    let requests = try await RequestIDGenerator(service: "ServiceA", client: client)
    print(try requests.next())  // ServiceA-1-1
    print(try requests.next())  // ServiceA-1-2
}
