// Made from Sources/FirnClient/FirnClient.docc/FreshOrPrefetched.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnLayout

func sample1OfFreshOrPrefetched(client: FirnClient) async throws {
    let order = try await client.nextID()
    print(order)
}

func sample2OfFreshOrPrefetched(client: FirnClient) async throws {
    let ids = client.prefetching()
    let id = if let ready = ids.tryNext() { ready } else { try await ids.next() }
    print(id)
}

func sample3OfFreshOrPrefetched(client: FirnClient) async throws {
    for try await id in client.prefetching() {
        print(id)
    }
}

func sample4OfFreshOrPrefetched(client: FirnClient) async throws {
    let requests = try await RequestIDGenerator(service: "ServiceA", client: client)
    print(try requests.next())  // ServiceA-1-1
    print(try requests.next())  // ServiceA-1-2
}
