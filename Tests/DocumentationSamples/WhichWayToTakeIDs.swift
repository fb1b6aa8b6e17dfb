// Made from Sources/FirnClient/FirnClient.docc/WhichWayToTakeIDs.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnGenerator
internal import FirnLayout
internal import FirnLeases

func sample1OfWhichWayToTakeIDs(client: FirnClient) async throws {
    var configuration = MinterConfiguration()
    configuration.window = .seconds(120)  // goes on for so long without the daemon
    configuration.ordering = .thread  // more IDs from several threads; those of each thread rise
    let minter = try await client.minter(name: "orders", configuration: configuration)

    print(minter.tryNext() as Any, minter.timeLeft)
    await minter.close()  // gives the worker back, so that another process may have it at once
}

func sample2OfWhichWayToTakeIDs(client: FirnClient) async throws {
    var configuration = MinterConfiguration()
    configuration.window = .seconds(300)  // goes on for so long without the store
    configuration.onEvent = { event in print(event.level, event) }
    let store = try MinterStore.etcd(["10.0.0.1:2379", "10.0.0.2:2379"])
    let minter = try await Minter(store: store, configuration: configuration)

    if let id = minter.tryNext() {  // never waits: from any thread, also where `await` cannot stand
        print(id, minter.timeLeft)
    }
    print(try await minter.next())  // waits for the next tick, or for the window
    for id in try await minter.nextRun(upTo: 100) {  // 1 to 100 IDs of one tick
        print(id)
    }
    await minter.close()  // gives the worker back, so that it is free at once
}
