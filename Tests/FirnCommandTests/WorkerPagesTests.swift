import FirnSQLite
import FirnStore
import FirnTestSupport
import Foundation
import Testing

/// `firn workers` on a store with more workers than a page has.
@Suite(.timeLimit(Firnd.patience)) struct WorkerPagesTests {
    private static let count = 2345

    private func withStore(_ body: (String, SQLiteStore) throws -> Void) throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/firn.db"
        let store = try SQLiteStore(path: path)
        try withExtendedLifetime(directory) {
            let layout = "time:41ms@2025-01-01T00:00:00Z,worker:16,sequence:6"
            _ = try LayoutRecord.check(store, layout: layout)
            for result in store.write((0..<UInt32(Self.count)).map(write)) { _ = try result.get() }
            try body("sqlite:\(path)", store)
        }
    }

    private func write(_ worker: UInt32) -> StoreWrite {
        let record = WorkerRecord(
            generation: 3,
            limit: 5000,
            holder: Holder(host: "host-\(worker)", pod: nil, pid: 1, instance: UInt64(worker)),
            writeToken: UInt64(worker) + 1,
            renewedAtUnixMilliseconds: 1
        )
        return StoreWrite(key: WorkerRecord.key(worker), value: record.text, ifVersion: nil)
    }

    private func numbers(_ command: Command) -> [Int] {
        command.lines.dropFirst().compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
    }

    @Test func allAreListedByTheirNumbers() throws {
        try withStore { location, store in
            let all = try Command.run("workers", "--store", location)
            #expect(all.exitCode == 0 && all.errors.isEmpty, "\(all.errors)")
            #expect(numbers(all) == Array(0..<Self.count))
            let json = try Command.run("workers", "--format", "json", "--store", location)
            #expect(json.lines.count == Self.count && json.lines[2000].contains("\"worker\":2000,"))

            // As many as are wanted, and how to go on.
            var listed: [Int] = []
            for expected in [1200, 1145] {
                let after = listed.last.map { ["--after", "\($0)"] } ?? []
                let page = try Command.run(["workers", "--limit", "1200", "--store", location] + after)
                #expect(page.exitCode == 0 && numbers(page).count == expected)
                #expect(page.errors.contains("--after 1199") == listed.isEmpty, "\(page.errors)")
                listed += numbers(page)
            }
            #expect(listed == Array(0..<Self.count))
            let none = try Command.run("workers", "--after", "9999", "--store", location)
            #expect(none.exitCode == 0 && none.lines.count == 1 && none.lines[0].hasPrefix("worker"))

            // What cannot be read does not hide the others.
            let version = try #require(try store.read("workers/7")).version
            _ = try store.write("workers/7", "worker/1 limit=5", ifVersion: version)
            let broken = try Command.run("workers", "--store", location)
            #expect(broken.exitCode == 65 && broken.errors.contains("workers/7"), "\(broken.errors)")
            #expect(numbers(broken) == Array(0..<Self.count).filter { $0 != 7 })
        }
    }

    @Test(arguments: [["--limit", "0"], ["--limit", "-3"], ["--after", "x"], ["--after", "-1"]])
    func wrongPagesAreRefused(_ arguments: [String]) throws {
        let command = try Command.run(["workers"] + arguments)
        #expect(command.exitCode == 64 && command.output.isEmpty, "\(command)")
        #expect(command.errors.contains(arguments[0]), "\(command)")
    }
}
