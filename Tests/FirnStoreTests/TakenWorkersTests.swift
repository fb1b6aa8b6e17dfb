import FirnTestSupport
import Testing

@testable import FirnStore

/// Why no worker is free, in numbers.
@Suite struct TakenWorkersTests {
    private static let now = StoreInstant(tick: 1000, unixMilliseconds: 1000)

    private func claims(_ store: MemoryStore, probes: [Int] = [4, 16, 64], excluding: String = "") throws
        -> WorkerClaims
    {
        var claims = WorkerClaims(
            store: store,
            holder: Holder(host: "h", pod: nil, pid: 1, instance: 1),
            maximumWorker: 63,
            excludedWorkers: excluding.isEmpty ? WorkerSet() : try WorkerSet(parsing: excluding),
            maximumTick: 1 << 40,
            windowTicks: 100
        )
        claims.probes = probes
        return claims
    }

    private func reserve(_ store: MemoryStore, _ workers: ClosedRange<UInt32>, for purpose: String) {
        let holder = Holder(host: "h", pod: Holder.operatorPod, pid: 2, instance: 2)
        let reservation = WorkerReservation(reservingFor: purpose, endTick: 1 << 40, by: holder, at: Self.now)
        _ = reservation.perform(store, Array(workers))
    }

    /// Whether they are found by the probes, in a list after some of them, or in a list alone: each counts once.
    @Test(arguments: [[4, 16, 64], [4], [1]]) func eachCountsOnce(_ probes: [Int]) throws {
        let store = MemoryStore()
        reserve(store, 0...31, for: "legacy")
        reserve(store, 32...39, for: "billing")
        // Of a larger layout; it is none of this one's.
        reserve(store, 64...70, for: "other")
        var random = SeededGenerator(seed: 2)
        for worker in UInt32(40)...63 {
            _ = try #require(try claims(store).claim(.fixed(worker), at: Self.now, using: &random).held)
        }
        let none = try claims(store, probes: probes).claim(.any(excluding: [41]), at: Self.now, using: &random)
        let taken = TakenWorkers(held: 24, reserved: 40, for: ["billing", "legacy"])
        #expect(none == .noneFree(freeAtTick: 1100, taken) && taken.count == 64)
        #expect(taken.text == "40 are reserved for billing, legacy, 24 are held")
        #expect(try claims(store).countTaken(at: Self.now) == taken)
        let some = try claims(store, excluding: "0-30,63").countTaken(at: Self.now)
        #expect(some == TakenWorkers(held: 23, reserved: 9, for: ["billing", "legacy"]))
    }

    @Test func theTextNamesWhatThereIs() {
        let purposes: Set = ["a", "b", "c", "d"]
        #expect(TakenWorkers(reserved: 1, for: ["a"]).text == "1 is reserved for a")
        #expect(TakenWorkers(reserved: 4, for: purposes).text == "4 are reserved for a, b, c and others")
        #expect(TakenWorkers(held: 1, usedAhead: 2).text == "1 is held, 2 are unused since a daemon's clock was ahead")
        #expect(TakenWorkers(held: 1).advice(stop: "stop a daemon") == "stop a daemon, ")
        let reserved = TakenWorkers(reserved: 1, for: ["a"]).advice(stop: "stop a daemon")
        #expect(reserved.hasPrefix("run 'firn workers unreserve'"))
        let both = TakenWorkers(held: 1, reserved: 1, for: ["a"]).advice(stop: "stop a daemon")
        #expect(both == "stop a daemon, " + reserved)
    }
}
