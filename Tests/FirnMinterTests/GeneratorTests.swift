import FirnEngine
import FirnLayout
import FirnMinter
import FirnSQLite
import FirnStore
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnGenerator

/// Minters on stores of their own.
@Suite(.timeLimit(.minutes(2))) struct GeneratorTests {
    @Test func mintersOfOneFileHaveWorkersOfTheirOwn() async throws {
        let directory = TemporaryDirectory()
        let store = MinterStore.sqlite(path: directory.file("ids.db"))
        let (first, second) = (try await Minter(store: store), try await Minter(store: store))
        #expect(first.worker != nil && first.worker != second.worker)
        var ids: Set<FirnID> = []
        for _ in 0..<1000 { ids.formUnion([try await first.next(), try await second.next()]) }
        #expect(ids.count == 2000)
        await first.close()
        await second.close()
    }

    /// What is minted after a restart is above what was minted before, also on the same worker.
    @Test func afterARestartIDsAreHigher() async throws {
        let directory = TemporaryDirectory()
        let store = MinterStore.sqlite(path: directory.file("ids.db"))
        var configuration = MinterConfiguration()
        configuration.worker = 5
        var last: FirnID?
        for _ in 0..<5 {
            let minter = try await Minter(store: store, configuration: configuration)
            let id = try await minter.next()
            #expect(last.map { $0 < id } ?? true)
            last = id
            await minter.close()
        }
    }

    #if os(Linux)
        @Test func aForkedChildMintsNothing() async throws {
            let minter = try await Minter(store: .memory)
            _ = try await minter.next()
            let mintsNothing = inForkedChild {
                minter.tryNext() == nil && minter.tryNextRun(upTo: 5) == nil && minter.obstacle?.code == .forked
                    && minter.worker == nil && minter.timeLeft == .zero
            }
            #expect(mintsNothing == true)
            #expect(minter.tryNext() != nil, "the parent goes on")
            await minter.close()
        }
    #endif

    #if os(Linux)
        /// Within a process SQLite counts its locks itself, and takes the parent's for the child's.
        @Test func aForkedChildOpensNoStore() async throws {
            let directory = TemporaryDirectory()
            let store = MinterStore.sqlite(path: directory.file("ids.db"))
            let minter = try await Minter(store: store)
            let isRefused = inForkedChild {
                do throws(StoreError) {
                    _ = try store.open(window: .seconds(3))
                    return false
                } catch { return error.code == .refused && error.message.contains("exec") }
            }
            #expect(isRefused == true)
            await minter.close()
        }
    #endif

    @Test func aPlaceThatCannotBeWrittenIsRefused() async {
        let error = await Self.error { () async throws(MinterError) in
            try await Minter(store: .sqlite(path: "/proc/firn/ids.db"))
        }
        #expect(error?.code == .storeRefused && error?.retryAfter == nil, "\(error.debugDescription)")
    }

    /// A window has three ticks at least, so that it is extended before it ends.
    @Test func withCoarseTicksTheWindowIsLonger() async throws {
        let coarse = try Layout(parsing: "time:32x10s@2025-01-01T00:00:00Z,worker:10,sequence:12")
        let minter = try await Minter(store: .memory, layout: coarse)
        #expect((.seconds(19)...(.seconds(30))).contains(minter.timeLeft), "\(minter.timeLeft)")
        await minter.close()
    }

    @Test func whenTheLayoutEndsItIsSaidAtOnce() async throws {
        // 2^20 ms, of which a second and a half is left.
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        let epoch = UTCTime(unixMilliseconds: now - (1 << 20) + 1500)
        let short = try Layout(parsing: "time:20ms@\(epoch),worker:10,sequence:12")
        var configuration = MinterConfiguration()
        configuration.timeout = .seconds(3600)
        let minter = try await Minter(store: .memory, layout: short, configuration: configuration)
        while minter.tryNext() != nil { try await Task.sleep(for: .milliseconds(1)) }
        while minter.obstacle?.code != .ended { try await Task.sleep(for: .milliseconds(1)) }
        do {
            _ = try await minter.next()
            Issue.record("the layout has ended")
        } catch { #expect(error.code == .ended) }
        await minter.close()
    }

    @Test func aStoreOfAnotherLayoutIsRefused() async throws {
        let directory = TemporaryDirectory()
        let store = MinterStore.sqlite(path: directory.file("ids.db"))
        try await Minter(store: store).close()
        let error = await Self.error { () async throws(MinterError) in
            try await Minter(store: store, layout: .sonyflake)
        }
        #expect(error?.code == .storeRefused && error?.message.contains("the layout snowflake") == true)
    }

    @Test func aClockThatIsBehindIsRefused() async throws {
        let directory = TemporaryDirectory()
        let path = directory.file("ids.db")
        try await Minter(store: .sqlite(path: path)).close()
        let file = try SQLiteStore(path: path, for: .write)
        let now = TickClock(layout: .snowflake).now()
        let ahead = WorkerRecord(
            generation: 1,
            limit: now.tick + 12 * 3_600_000,
            holder: Holder(host: "elsewhere", pod: nil, pid: 3, instance: 4),
            writeToken: 5,
            renewedAtUnixMilliseconds: 0
        )
        let key = WorkerRecord.key(900)
        #expect(try file.write(key, ahead.text, ifVersion: try file.read(key)?.version).version != nil)
        let error = await Self.error { () async throws(MinterError) in try await Minter(store: .sqlite(path: path)) }
        #expect(
            error?.code == .clockWrong && error?.message.contains("worker 900") == true,
            "\(error.debugDescription)"
        )
    }

    @Test func aFileThatIsNoStoreIsRefused() async throws {
        let directory = TemporaryDirectory()
        try "not a database, but long enough to be one".write(
            toFile: directory.file("ids.db"),
            atomically: false,
            encoding: .utf8
        )
        let error = await Self.error { () async throws(MinterError) in
            try await Minter(store: .sqlite(path: directory.file("ids.db")))
        }
        #expect(error?.code == .storeRefused, "\(error.debugDescription)")
    }

    /// A store that is put back to an earlier copy while nobody runs is noticed by what the state directory remembers.
    @Test func aStoreThatWasSetBackIsRefused() async throws {
        let directory = TemporaryDirectory()
        let path = directory.file("ids.db")
        var store = MinterStore.sqlite(path: path)
        store.stateDirectory = directory.file("state")
        try await Minter(store: store).close()
        try Self.copy(path, to: path + "-copy")
        for _ in 0..<3 { try await Minter(store: store).close() }
        try Self.copy(path + "-copy", to: path)
        let error = await Self.error { () async throws(MinterError) in try await Minter(store: store) }
        #expect(error?.code == .storeRefused, "\(error.debugDescription)")
        #expect(error?.message.contains("or set back") == true, "\(error.debugDescription)")
    }

    static let outOfRange: [(@Sendable (inout MinterConfiguration) -> Void, String)] = [
        ({ $0.window = .milliseconds(999) }, "window"), ({ $0.window = .seconds(3601) }, "window"),
        ({ $0.timeout = .zero }, "timeout"), ({ $0.maximumWaiters = -1 }, "maximumWaiters"),
        ({ $0.maximumWaiters = 1_048_577 }, "maximumWaiters"), ({ $0.restAfter = .zero }, "restAfter"),
        ({ $0.clockTolerance = .seconds(-1) }, "tolerance"), ({ $0.worker = 1024 }, "0 to 1023"),
    ]

    @Test(arguments: outOfRange.indices) func valuesOutOfRangeAreRefused(index: Int) async {
        var configuration = MinterConfiguration()
        Self.outOfRange[index].0(&configuration)
        let error = await Self.error { [configuration] () async throws(MinterError) in
            try await Minter(store: .memory, configuration: configuration)
        }
        #expect(error?.code == .invalidArgument && error?.message.contains(Self.outOfRange[index].1) == true)
    }

    @Test func layoutsThatAreNotMintedOrWhoseTimeIsNotNowAreRefused() async throws {
        func code(_ layout: Layout) async -> MinterError.Code? {
            await Self.error { () async throws(MinterError) in try await Minter(store: .memory, layout: layout) }?.code
        }
        #expect(await code(.pinterest) == .invalidArgument)
        #expect(await code(try Layout(parsing: "time:41ms@0/descending,worker:10")) == .invalidArgument)
        #expect(await code(try Layout(parsing: "time:41ms@0,worker:10,sequence:12/first=1")) == .invalidArgument)
        #expect(await code(try Layout(parsing: "time:20ms@2025-01-01T00:00:00Z,worker:10,sequence:12")) == .ended)
        #expect(await code(try Layout(parsing: "time:41ms@2199-01-01T00:00:00Z,worker:10,sequence:12")) == .clockWrong)
    }

    #if Etcd
        @Test func endpointsThatAreNoneAreRefused() {
            for endpoints in [[], ["nowhere"], ["http://a:2379"], Array(repeating: "a:1", count: 17)] {
                #expect(throws: MinterError.self) { try MinterStore.etcd(endpoints) }
            }
            #expect(throws: MinterError.self) { try MinterStore.etcd(["a:1"], prefix: "firn") }
        }

        /// The store's address is nowhere: it is said at once, and nobody waits for it.
        @Test func aStoreThatDoesNotAnswerIsUnavailable() async throws {
            var configuration = MinterConfiguration()
            configuration.window = .seconds(1)
            let store = try MinterStore.etcd(["127.0.0.1:1"])
            let error = await Self.error { [configuration] () async throws(MinterError) in
                try await Minter(store: store, configuration: configuration)
            }
            #expect(error?.code == .unavailable && error?.retryAfter != nil)
        }
    #endif

    #if Postgres
        @Test func anAddressWithAPasswordIsRefusedAndNotRepeated() {
            #expect {
                try MinterStore.postgres("postgres://firn:secret@localhost/firn")
            } throws: { error in
                (error as? MinterError)?.code == .invalidArgument && !"\(error)".contains("secret")
            }
        }
    #endif

    private static func copy(_ from: String, to: String) throws {
        // What SQLite has beside the file belongs to the one that was there.
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: to + suffix) }
        try FileManager.default.copyItem(atPath: from, toPath: to)
    }

    private static func error(_ make: () async throws(MinterError) -> Minter) async -> MinterError? {
        do {
            try await make().close()
            return nil
        } catch { return error }
    }
}

extension TemporaryDirectory {
    fileprivate func file(_ name: String) -> String { path + "/" + name }
}
