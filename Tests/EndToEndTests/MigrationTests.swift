import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import PostgresTestSupport
import Synchronization
import Testing

/// From another system's IDs to Firn's, while both make them: every ID counted.
@Suite struct MigrationTests {
    /// Few workers, so that daemons that may take them all would take the other system's.
    private static let text = "time:41ms@2010-11-04T01:42:54.657Z,worker:6,sequence:12"

    /// The other system's workers are kept from a daemon by its option, then from all by the store; then the other system
    /// stops, and a daemon goes on with the very worker.
    ///
    /// - Parameter ahead: by how much the other system's clock is ahead.
    @Test(arguments: [Duration.zero, .seconds(3)]) func fromALiveGeneratorToADaemonWithItsWorker(ahead: Duration) throws
    {
        let layout = try Layout(parsing: Self.text)
        try withScratch { scratch in
            let options = ["--layout", Self.text, "--shards", "2"]
            let store = ["--store", "sqlite:\(scratch.store)"]
            let generator = Snowflakes(worker: 3, of: layout, ahead: ahead)
            defer { generator.stop() }
            var harvest = Harvest(layout: layout)

            let beside = options + ["--workers", "32"]
            var round = try withDaemon(in: scratch, name: "a", beside + ["--exclude-workers", "0-31"]) { daemon in
                try Self.reap(daemon, workers: 32...63)
            }
            let reserve = try Command.run(["workers", "reserve", "0-31", "--for", "legacy"] + store)
            #expect(reserve.exitCode == 0, "\(reserve)")
            round += try withDaemon(in: scratch, name: "b", beside) { daemon in
                let spans = try Self.reap(daemon, workers: 32...63)
                let highest = generator.stop()
                // While its IDs are ahead of the clock, and a daemon is there, the floor is not raised.
                let adopted = ["store", "adopt", "--above-id", "\(highest)"] + store
                if ahead > .zero { #expect(try Command.run(adopted).exitCode == 75) }
                try eventually("the other system's time has passed", every: .milliseconds(100)) {
                    try Command.run(adopted).exitCode == 0
                }
                return spans
            }
            let made = generator.spans
            #expect(made.count > 100)
            harvest.add(round + made)

            let unreserve = try Command.run(["workers", "unreserve", "0-31", "--yes"] + store)
            #expect(unreserve.exitCode == 0, "\(unreserve)")
            let after = try withDaemon(in: scratch, name: "c", options + ["--worker", "3"]) { daemon in
                try Self.reap(daemon, workers: 3...3)
            }
            harvest.add(after)
            let lowest = try #require(after.map(\.first).min())
            #expect(lowest > made.map(\.last).max()!, "above all that the other system made")
            #expect(harvest.duplicates == 0 && harvest.fallen == 0)
            print("counted \(harvest.count) IDs of a generator and of daemons beside and after it")
        }
    }

    /// Takes IDs for a while, of these workers alone.
    private static func reap(_ daemon: Daemon, workers: ClosedRange<UInt64>) throws -> [Harvest.Span] {
        try eventually("firnd is ready; it says: \(daemon.log)") {
            try Peer.unix(daemon.socketPath).describe().workers.count == workers.count
        }
        let reapers = Reapers(of: daemon.socketPath)
        sleep(.milliseconds(500))
        try reapers.stop()
        let spans = try reapers.takeAll()
        let layout = try Layout(parsing: text)
        let found = Set(spans.map { layout.worker(of: FirnID(rawValue: $0.first)) })
        #expect(!found.isEmpty && found.allSatisfy(workers.contains), "\(found.sorted())")
        return spans
    }

    /// A table that counts its IDs goes on with a sequence, or with IDs of a layout: no row's ID comes twice.
    @Test func fromATableThatCountsItsIDs() throws {
        try withScratch { scratch in
            let table = scratch.file("orders.db")
            func sql(_ statements: String) throws -> String {
                let (code, output) = try Program.run(["/usr/bin/sqlite3", "-bail", table, statements], in: scratch)
                guard code == 0 else { throw TestFailure("sqlite3: \(output)") }
                return output
            }
            for name in ["orders", "bills"] {
                _ = try sql(
                    """
                    CREATE TABLE \(name)(id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT);
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1234)
                    INSERT INTO \(name)(note) SELECT i FROM n;
                    DELETE FROM \(name) WHERE id = 1234;
                    """
                )
            }
            try withDaemon(in: scratch) { daemon in
                let address = ["--address", "unix:\(daemon.socketPath)", "--timeout", "10000"]
                func insert(_ name: String, _ ids: Command) throws {
                    #expect(ids.exitCode == 0 && ids.lines.count == 100, "\(ids)")
                    let rows = ids.lines.map { "(\($0), 'new')" }.joined(separator: ",")
                    _ = try sql("INSERT INTO \(name)(id, note) VALUES \(rows)")
                    #expect(try sql("SELECT count(*) FROM \(name) WHERE note = 'new' AND id > 1234") == "100\n")
                }
                // What was given out counts, and not what is left of it.
                let highest = try sql("SELECT seq FROM sqlite_sequence WHERE name = 'orders'")
                let start = try #require(UInt64(highest.dropLast())) + 1
                let made = try Command.run(["sequence", "create", "orders", "--start", "\(start)"] + address)
                #expect(made.exitCode == 0, "\(made)")
                try insert("orders", Command.run(["ticket", "orders", "-n", "100"] + address))
                #expect(try sql("SELECT min(id) FROM orders WHERE note = 'new'") == "1235\n")

                let column = try sql("SELECT max(id) FROM bills")
                let adopted = try Command.run(
                    ["store", "adopt", "--above-id", "-", "--store", "sqlite:\(scratch.store)"],
                    input: column
                )
                #expect(adopted.exitCode == 0 && adopted.output.contains("above 1233"), "\(adopted)")
                try insert("bills", Command.run(["next", "-n", "100"] + address))
            }
        }
    }
}

extension MigrationTests {
    /// The statement of docs/MIGRATION.md gives every old row an ID of its own time, also those of a full millisecond.
    @Test func fromUUIDsToIDsOfTheirTime() throws {
        let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/MIGRATION.md")
        let text = try String(contentsOf: document, encoding: .utf8)
        let statement = try #require(text.firstMatch(of: /```sql\n(UPDATE orders SET id(?:.|\n)*?)```/)?.1)
        let server = try PostgresServer()
        // A UUIDv7 of a millisecond, and random beyond it.
        func rows(_ milliseconds: String, _ count: Int) -> String {
            """
            INSERT INTO orders (uuid) SELECT (lpad(to_hex(\(milliseconds)), 12, '0') || '7'
                || substr(md5(i::text || \(milliseconds)), 1, 3) || '8' || substr(md5(i::text), 1, 15))::uuid
            FROM generate_series(1, \(count)) i;
            """
        }
        _ = try server.sql(
            "CREATE TABLE orders (uuid uuid PRIMARY KEY, id bigint UNIQUE);"
                + rows("1796024579224", 5000) + rows("1796024579225 + i", 300)
                + "INSERT INTO orders VALUES ('00000000-0000-7000-8000-000000000000', 77)"
        )
        _ = try server.sql(String(statement))
        #expect(try server.sql("SELECT count(id), count(DISTINCT id) FROM orders").hasPrefix("5301|5301"))
        let kept = try server.sql("SELECT id FROM orders WHERE uuid::text LIKE '00000000-%'")
        #expect(kept.hasPrefix("77"), "it had one")
        let listed = try server.sql("SELECT id, uuid FROM orders WHERE id <> 77 ORDER BY uuid").split(separator: "\n")
        try #require(listed.count == 5300)
        var workers: Set<UInt64> = []
        var last = FirnID(rawValue: 0)
        for line in listed {
            let cells = line.split(separator: "|")
            let id = FirnID(rawValue: try #require(UInt64(cells[0])))
            let digits = cells[1].filter { $0 != "-" }.prefix(12)
            let decoded = Layout.snowflake.decode(id)
            #expect(decoded.time.map { $0 + 1_288_834_974_657 } == UInt64(digits, radix: 16))
            workers.insert(Layout.snowflake.worker(of: id))
            #expect(id > last, "IDs sort as the UUIDs do")
            last = id
        }
        #expect(workers == [1022, 1023])
    }
}

/// A generator as bwmarrin/snowflake is one: a number for the worker that nobody checks, and the host's clock.
private final class Snowflakes: Sendable {
    private let state = Mutex<(isStopped: Bool, spans: [Harvest.Span])>((false, []))
    private let done = DispatchSemaphore(value: 0)

    init(worker: UInt64, of layout: Layout, ahead: Duration) {
        let thread = Thread { [self] in
            var last: (millisecond: UInt64, sequence: UInt64) = (0, 0)
            while !state.withLock({ $0.isStopped }) {
                let unixMilliseconds = UInt64(Date().timeIntervalSince1970 * 1000 + ahead.milliseconds)
                let now = unixMilliseconds - layout.epochUnixMilliseconds
                let first = now == last.millisecond ? last.sequence + 1 : 0
                guard now >= last.millisecond, first + 7 < 4096 else { continue }
                last = (now, first + 7)
                let base = now << 18 | worker << 12
                state.withLock { $0.spans.append(Harvest.Span(first: base | first, last: base | last.sequence)) }
                usleep(100)
            }
            done.signal()
        }
        thread.start()
    }

    /// - Returns: the highest ID that it made.
    @discardableResult func stop() -> UInt64 {
        let wasStopped = state.withLock { state in
            defer { state.isStopped = true }
            return state.isStopped
        }
        if !wasStopped { done.wait() }
        return spans.last?.last ?? 0
    }

    var spans: [Harvest.Span] { state.withLock { $0.spans } }
}
