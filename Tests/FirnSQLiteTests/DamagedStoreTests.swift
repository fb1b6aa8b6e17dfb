import FirnFiles
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnSQLite
@testable import FirnStore

/// The store's file and its log with bits flipped and cut short. Each worker's limit is the true one, or the store is
/// refused: a lower limit would give IDs twice.
@Suite struct DamagedStoreTests {
    let directory = TemporaryDirectory()
    var path: String { directory.path + "/firn.db" }

    /// Of all bytes, unless `FIRN_ALL_BYTES` is set, every so many are flipped.
    static let stride = ProcessInfo.processInfo.environment["FIRN_ALL_BYTES"] == nil ? 31 : 1

    static let workers: [UInt32] = (0..<30).map { $0 * 7 }
    static func record(_ worker: UInt32, limit: UInt64) -> WorkerRecord {
        WorkerRecord(
            generation: 3,
            limit: limit,
            holder: Holder(host: "web-1", pod: nil, pid: 412, instance: 77 + UInt64(worker)),
            writeToken: 99 + limit,
            renewedAtUnixMilliseconds: 1_795_221_600_000
        )
    }

    static func limit(_ worker: UInt32) -> UInt64 { 5_800_000 + UInt64(worker) * 13 }

    /// Makes the file, with each worker's window extended once, and returns it with its log as a crash leaves them.
    private func make() throws -> (file: [UInt8], log: [UInt8], version: UInt64) {
        let store = try SQLiteStore(path: path)
        var version: UInt64 = 0
        for step in [1000, 0] as [UInt64] {
            for worker in Self.workers {
                let key = WorkerRecord.key(worker)
                let before = try store.read(key)?.version
                let text = Self.record(worker, limit: Self.limit(worker) - step).text
                version = try #require(try store.write(key, text, ifVersion: before, ifValue: nil).version)
            }
            if step > 0 {
                store.state.withLock { _ = try? $0.session?.connection.number("PRAGMA wal_checkpoint(TRUNCATE)") }
            }
        }
        return try withExtendedLifetime(store) { (try bytes(path), try bytes(path + "-wal"), version) }
    }

    private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    private func put(_ file: [UInt8], log: [UInt8]?) throws {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        try Data(file).write(to: URL(fileURLWithPath: path))
        if let log { try Data(log).write(to: URL(fileURLWithPath: path + "-wal")) }
    }

    /// The workers whose limit is lower than it was, or which have none; nil when the store is refused.
    ///
    /// - Parameter version: What a daemon's journal remembers, with the limit of the last worker.
    private func lower(journal version: UInt64? = nil) throws -> [UInt32]? {
        do throws(StoreError) {
            let store = try SQLiteStore(path: path, for: .write)
            if let version { try journal(at: version).verify(store) }
            return Self.workers.filter { worker in
                let key = WorkerRecord.key(worker)
                // A record that cannot be read counts as taken.
                guard case .success(let stored) = store.read([key])[0] else { return false }
                guard let stored else { return true }
                guard let record = try? WorkerRecord(key: key, text: stored.value) else { return false }
                return record.limit < Self.limit(worker)
            }
        } catch {
            let isClear = error.message.contains(path) || error.message.contains("set back")
            #expect(isClear, "\(error.message)")
            return nil
        }
    }

    /// A daemon's journal that has the last worker's limit.
    private func journal(at version: UInt64) -> GrantJournal {
        let context = GrantJournal.Context(
            storeID: 5,
            storeName: "sqlite:\(path)",
            unixMilliseconds: { $0 },
            text: { "\($0)" }
        )
        let worker = Self.workers.last!
        let limit = StoreInstant(tick: Self.limit(worker), unixMilliseconds: Self.limit(worker))
        let grant = Grant(
            address: context.address,
            storeID: 5,
            worker: worker,
            generation: 3,
            limit: limit,
            version: version
        )
        return GrantJournal(context, remembering: grant)
    }

    @Test func noFlippedBitOfTheFileLowersALimit() throws {
        _ = try make()
        // As after a clean stop.
        withExtendedLifetime(try SQLiteStore(path: path)) {}
        let file = try bytes(path)
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        #expect(try lower() == [])
        var refused = 0
        var wrong: [Int] = []
        for index in Swift.stride(from: 0, to: file.count, by: Self.stride) {
            var damaged = file
            damaged[index] ^= 1 << UInt8(index / Self.stride % 8)
            try put(damaged, log: nil)
            let lower = try lower()
            if lower == nil { refused += 1 }
            if let lower, !lower.isEmpty { wrong.append(index) }
        }
        print("\(file.count / Self.stride) bytes flipped: \(refused) times refused")
        #expect(wrong.isEmpty, "at \(wrong.prefix(20))")
        #expect(refused > file.count / Self.stride / 10)
    }

    @Test func noLengthOfTheFileLowersALimit() throws {
        _ = try make()
        withExtendedLifetime(try SQLiteStore(path: path)) {}
        let file = try bytes(path)
        for length in Swift.stride(from: 1, to: file.count, by: Self.stride * 5) {
            try put(Array(file.prefix(length)), log: nil)
            let lower = try lower()
            #expect(lower == nil || lower == [], "\(length) bytes")
        }
    }

    /// SQLite takes a log to end where its checksum is wrong: that is an earlier state of the store, which only a daemon's
    /// journal tells from the last one.
    @Test func noFlippedBitOfTheLogIsBelievedByAJournal() throws {
        let (file, log, version) = try make()
        try put(file, log: log)
        #expect(try lower(journal: version) == [])
        var withoutJournal = 0
        for index in Swift.stride(from: 0, to: log.count, by: Self.stride * 12) {
            var damaged = log
            damaged[index] ^= 1 << UInt8(index / Self.stride % 8)
            try put(file, log: damaged)
            let lower = try lower(journal: version)
            #expect(lower == nil || lower == [], "at \(index)")
            try put(file, log: damaged)
            if let lower = try self.lower(), !lower.isEmpty { withoutJournal += 1 }
        }
        print("\(withoutJournal) flipped bits of the log lowered a limit, and the journal noticed each")
        for length in Swift.stride(from: 0, to: log.count, by: Self.stride * 40) {
            try put(file, log: Array(log.prefix(length)))
            let lower = try lower(journal: version)
            #expect(lower == nil || lower == [], "\(length) bytes of the log")
        }
    }

    /// Both write, in turn.
    @Test func aFileOfAnEarlierVersionGetsSumsAndMayStillBeWrittenByIt() throws {
        let connection = try SQLiteConnection(path: path, busyTimeoutMilliseconds: 2000)
        try connection.run(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE records (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL)
                STRICT, WITHOUT ROWID;
            CREATE TABLE versions (last INTEGER NOT NULL) STRICT;
            INSERT INTO versions (last) VALUES (1); INSERT INTO records VALUES ('a', '1', 1);
            PRAGMA application_id = \(SQLiteSession.applicationID); PRAGMA user_version = 1
            """
        )
        let earlier = try SQLiteStatement(
            connection,
            """
            INSERT INTO records (key, value, version) VALUES (?1, ?2, ?3)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version
            """
        )
        func writeAsEarlier(_ value: String, _ version: Int64) throws {
            try connection.run("UPDATE versions SET last = \(version)")
            try earlier.bind(1, "a")
            try earlier.bind(2, value)
            try earlier.bind(3, version)
            _ = try earlier.step()
            earlier.reset()
        }
        let reader = try SQLiteStore(path: path, for: .read)
        #expect(try reader.read("a")?.value == "1" && !reader.hasSums() && !reader.isReadOnly)
        #expect(try connection.number("SELECT count(*) FROM pragma_table_info('records')") == 3, "it was only read")
        let store = try SQLiteStore(path: path)
        #expect(try store.hasSums())
        #expect(try store.write("a", "2", ifVersion: 1, ifValue: "1").version == 2)
        #expect(try connection.number("SELECT sum <> 0 FROM records") == 1)
        try writeAsEarlier("3", 3)
        #expect(try connection.number("SELECT sum = 0 FROM records") == 1)
        #expect(try store.read("a") == StoredValue(value: "3", version: 3))
        #expect(try store.write("a", "4", ifVersion: 3, ifValue: "3").version == 4)
        // By hand, as OPERATIONS.md allows.
        try connection.run("UPDATE records SET value = '5' WHERE key = 'a'")
        #expect(try SQLiteStore(path: path).read("a")?.value == "5")
    }

    /// The file is read at each start; a record is read whenever it is used.
    @Test func aRecordThatChangesUnderAnOpenStoreIsRefusedAlone() throws {
        let store = try SQLiteStore(path: path)
        for key in ["a", "b"] { _ = try store.write(key, "1", ifVersion: nil) }
        let connection = try SQLiteConnection(path: path, busyTimeoutMilliseconds: 2000)
        try connection.run("DROP TRIGGER records_sum; UPDATE records SET value = '0' WHERE key = 'a'")
        let error = #expect(throws: StoreError.self) { try store.read("a") }
        #expect(error?.code == .corrupt && error?.message.contains("the record a is not as it was written") == true)
        #expect(try store.read("b")?.value == "1")
        let refusal = #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
        #expect(refusal?.code == .corrupt && refusal?.message.contains("firn store repair") == true)
    }
}
