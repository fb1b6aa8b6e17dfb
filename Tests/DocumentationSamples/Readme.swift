// Made from README.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnGenerator
internal import FirnLayout
internal import FirnLeases

func sample1OfReadme(client: FirnClient) async throws {
    try await withFirnClient(address: .default()) { client in
        let id = try await client.nextID()                      // fresh: made after this call, 2126676990250893312
        for each in try await client.nextIDs(count: 1_000) {    // a collection of 1,000, stored as a few numbers
            print(each)
        }
        let prefetcher = client.makePrefetcher()                // refilled in the background
        let ready = prefetcher.nextIfAvailable()                // from memory, in nanoseconds; nil when none is there yet
        let requests = try await RequestIDGenerator(service: "ServiceA", client: client)
        print(id, ready as Any, try requests.next())            // "ServiceA-1-1", and the next needs no daemon
        print(try await client.nextTicket(sequence: "invoices"))
    }
}

func sample2OfReadme(client: FirnClient) async throws {
    try await withFirnClient(address: .default()) { client in
        let minter = try await client.minter()                  // leases a worker; extended in the background
        print(minter.tryNext() as Any, try await minter.next(), minter.timeLeft)
    }
}

func sample3OfReadme(client: FirnClient) async throws {
    let minter = try await Minter(store: .sqlite(path: "/var/lib/app/ids.db"))
    print(try await minter.next(), minter.tryNext() as Any)     // fresh and rising, from any thread
}
