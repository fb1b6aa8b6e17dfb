import FirnSQLite
import FirnStore
import FirnTestSupport
import Synchronization
import Testing

/// The same race over every store.
@Suite struct ClaimRaceTests {
    @Test(arguments: StoreUnderTest.local)
    func of64ClaimersOneHoldsTheWorker(_ kind: StoreUnderTest) throws {
        try race(on: kind.make())
    }

    #if Etcd
        /// Apart, for it is left out under ThreadSanitizer: there these 20,000 calls take four minutes, nearly all of them
        /// in gRPC. The contract's own races are run in etcd there, too, in the long form of scripts/test.
        @Test func of64ClaimersOneHoldsTheWorkerInEtcd() throws {
            try race(on: StoreUnderTest.etcd.make())
        }
    #endif

    #if Postgres
        @Test func of64ClaimersOneHoldsTheWorkerInPostgreSQL() throws {
            try race(on: StoreUnderTest.postgres.make())
        }
    #endif

    private func race(on store: any Store) throws {
        for round in 0..<100 {
            let moment = StoreInstant(tick: UInt64(1000 + round * 100), unixMilliseconds: 0)
            let winners = Mutex<[HeldWorker]>([])
            let losers = Mutex(0)
            let failures = Mutex<[String]>([])
            onThreads(64) { index in
                let claims = WorkerClaims(
                    store: store,
                    holder: holder(UInt64(round * 64 + index)),
                    maximumWorker: 0,
                    maximumTick: 1 << 40,
                    windowTicks: 100
                )
                var random = SeededGenerator(seed: UInt64(round * 64 + index))
                do throws(StoreError) {
                    let rule: ClaimRule = index % 2 == 0 ? .fixed(0) : .any(excluding: [])
                    switch try claims.claim(rule, at: moment, using: &random) {
                    case .claimed(let held): winners.withLock { $0.append(held) }
                    case .held, .noneFree: losers.withLock { $0 += 1 }
                    case let other: failures.withLock { $0.append("\(other)") }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
            #expect(failures.withLock { $0 } == [])
            #expect(winners.withLock { $0.count } == 1)
            #expect(losers.withLock { $0 } == 63)
            #expect(winners.withLock { $0.first?.generation } == UInt64(round + 1))
        }
    }

    @Test func claimersWithConnectionsOfTheirOwnNeverShareAWorker() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store.db"
        let stores = try (0..<8).map { _ in try SQLiteStore(path: path) }
        for round in 0..<12 {
            let held = Mutex<[HeldWorker]>([])
            onThreads(64) { index in
                let claims = WorkerClaims(
                    store: stores[index % stores.count],
                    holder: holder(UInt64(round * 64 + index)),
                    maximumWorker: 9,
                    maximumTick: 1 << 40,
                    windowTicks: 100
                )
                var random = SeededGenerator(seed: UInt64(round * 64 + index))
                let moment = StoreInstant(tick: UInt64(1000 + round * 100), unixMilliseconds: 0)
                if let claimed = try? claims.claim(.any(excluding: []), at: moment, using: &random).held {
                    held.withLock { $0.append(claimed) }
                }
            }
            let workers = held.withLock { $0.map(\.worker) }
            #expect(Set(workers).count == workers.count)
            #expect(workers.count == 10)
        }
    }
}
