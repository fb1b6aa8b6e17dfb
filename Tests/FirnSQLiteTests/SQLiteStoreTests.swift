import FirnFiles
import FirnStore
import FirnTestSupport
import Foundation
import Synchronization
import Testing

@testable import FirnSQLite

@Suite struct SQLiteStoreTests {
    let directory = TemporaryDirectory()
    var path: String { directory.path + "/store.db" }

    /// Runs SQL on the file behind the store's back.
    func sql(_ text: String) throws {
        try SQLiteConnection(path: path, busyTimeoutMilliseconds: 2000).run(text)
    }

    func number(_ text: String) throws -> Int64 {
        try SQLiteConnection(path: path, busyTimeoutMilliseconds: 2000).number(text)
    }

    func openError() -> StoreError? {
        do throws(StoreError) {
            _ = try SQLiteStore(path: path)
            return nil
        } catch {
            return error
        }
    }

    @Test func recordsOutliveTheStore() throws {
        var store: SQLiteStore? = try SQLiteStore(path: path)
        _ = try store?.write("a", "1", ifVersion: nil)
        let version = try store?.write("b", "2", ifVersion: nil).version
        store = nil
        let again = try SQLiteStore(path: path)
        #expect(try again.read("b") == StoredValue(value: "2", version: #require(version)))
        #expect(try #require(again.write("c", "3", ifVersion: nil).version) > #require(version))
    }

    @Test func versionsAreNotUsedAgainAfterADelete() throws {
        let store = try SQLiteStore(path: path)
        let version = try #require(store.write("a", "1", ifVersion: nil).version)
        try sql("DELETE FROM records")
        #expect(try #require(store.write("a", "2", ifVersion: nil).version) > version)
    }

    @Test func fileSaysWhatItIs() throws {
        let store = try SQLiteStore(path: path)
        #expect(try number("PRAGMA application_id") == 0x4669_726E)
        #expect(try number("PRAGMA user_version") == 1)
        store.state.withLock { state in
            let connection = state.session!.connection
            #expect(try! connection.number("PRAGMA synchronous") == 2)
            #expect(try! connection.number("PRAGMA mmap_size") == 0)
            #expect(try! connection.number("PRAGMA cache_size") == -64)
            #expect(try! connection.number("SELECT journal_mode = 'wal' FROM pragma_journal_mode") == 1)
        }
    }

    @Test func severalStoresOnOneFileSeeEachOther() throws {
        let stores = try (0..<3).map { _ in try SQLiteStore(path: path) }
        var version: UInt64?
        for round in 0..<9 {
            version = try stores[round % 3].write("a", "\(round)", ifVersion: version).version
            #expect(version != nil)
            #expect(try stores[(round + 1) % 3].read("a") == StoredValue(value: "\(round)", version: version!))
            #expect(try stores[(round + 2) % 3].write("a", "stale", ifVersion: version! - 1) == .conflict)
        }
    }

    @Test func writersOnOneFileWaitForEachOther() throws {
        let stores = try (0..<4).map { _ in try SQLiteStore(path: path) }
        let failures = Mutex<[String]>([])
        onThreads(4) { index in
            do {
                var version: UInt64?
                for round in 0..<100 {
                    version = try stores[index].write("own/\(index)", "\(round)", ifVersion: version).version
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try stores[0].list(prefix: "own/").map(\.value) == ["99", "99", "99", "99"])
    }

    @Test func aStoreThatClosesHarmsNoOther() throws {
        let staying = try SQLiteStore(path: path)
        var version: UInt64?
        for round in 0..<5 {
            let leaving = try SQLiteStore(path: path)
            version = try leaving.write("a", "\(round)", ifVersion: version).version
            #expect(try staying.read("a")?.version == version)
            version = try staying.write("a", "\(round)+", ifVersion: version).version
            #expect(version != nil)
        }
    }

    @Test func firstDaemonsRaceToMakeTheFile() throws {
        for round in 0..<10 {
            let path = directory.path + "/race-\(round).db"
            let failures = Mutex<[String]>([])
            onThreads(8) { index in
                do {
                    let store = try SQLiteStore(path: path)
                    try LayoutRecord.check(store, layout: "same")
                    _ = try store.write("own/\(index)", "1", ifVersion: nil)
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
            #expect(failures.withLock { $0 } == [])
            #expect(try SQLiteStore(path: path).list(prefix: "own/").count == 8)
        }
    }

    @Test func otherPeoplesDatabaseIsRefusedUntouched() throws {
        try sql("CREATE TABLE theirs (x); PRAGMA application_id = 7")
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let error = try #require(openError())
        #expect(error.code == .notOurs && error.exitCode == 78)
        #expect(error.message.contains("application_id 7"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func unnamedDatabaseWithTablesIsRefused() throws {
        try sql("CREATE TABLE theirs (x)")
        #expect(openError()?.code == .notOurs)
    }

    @Test(arguments: [1, 1000]) func fileOfAnotherKindIsRefusedUntouched(_ lines: Int) throws {
        let text = String(repeating: "not a database\n", count: lines)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let error = try #require(openError())
        #expect(error.code == .notOurs && error.exitCode == 78)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(text.utf8))
    }

    /// As `VACUUM INTO` makes them.
    @Test func aCopyWithoutALogIsOpened() throws {
        let original = try SQLiteStore(path: path)
        _ = try original.write("a", "1", ifVersion: nil)
        try sql("VACUUM INTO '\(directory.path)/copy.db'")
        let copy = try SQLiteStore(path: directory.path + "/copy.db")
        #expect(try copy.read("a")?.value == "1")
    }

    /// SQLite says of a log's index that cannot be made on a full disk, of a quota and of a log that is gone that reading
    /// or writing failed: what they have in common is not the disk's health.
    @Test(
        arguments: [
            (4874, ENOSPC, "diskFull", "make room"), (778, EDQUOT, "diskFull", "make room"),
            (13, 0, "diskFull", "make room"), (14, ENOSPC, "diskFull", "make room"),
            (522, 0, "replaced", "-wal was removed or replaced"), (778, EIO, "ioFailed", "the system's log"),
            (5, ENOSPC, "unavailable", "locked"), (14, EACCES, "unwritable", "write permission"),
        ] as [(Int32, Int32, String, String)]
    )
    func aFailureIsNamedByItsCause(_ code: Int32, _ systemError: Int32, _ name: String, _ words: String) {
        let failure = SQLiteFailure(code: code, text: "disk I/O error", systemError: systemError)
        let error = failure.storeError(path: "/a", doing: "open", .write)
        #expect("\(error.code)" == name && error.message.contains(words), "\(error)")
    }

    /// A file system without room for the log and its index.
    @Test(.enabled(if: geteuid() == 0, "only root may mount"))
    func aFullDiskAtOpeningIsAFullDisk() throws {
        let place = directory.path + "/small"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        guard try runTool("/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place) == 0 else { return }
        defer { _ = try? runTool("/usr/bin/umount", place) }
        let file = place + "/firn.db"
        _ = try SQLiteStore(path: file)
        let filler = open(place + "/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(filler) }
        let page = [UInt8](repeating: 1, count: 4096)
        while write(filler, page, page.count) == page.count {}
        let error = #expect(throws: StoreError.self) { try SQLiteStore(path: file) }
        #expect(error?.code == .diskFull, "\(String(describing: error))")
        // And whoever only looks says so before.
        let found = try #require(throws: StoreError.self) { try SQLiteStore.examine(path: file) }
        #expect(found.code == .diskFull && found.message.contains("has 0 KiB left"), "\(found)")
        let state = try #require(throws: StoreError.self) { try StateDirectory.examine(path: place) }
        #expect(state.code == .diskFull && state.message.contains("--state-dir"), "\(state)")
    }

    @Test func emptyFileBecomesAStore() throws {
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(openError() == nil)
    }

    @Test func newerFormatIsRefused() throws {
        _ = try SQLiteStore(path: path)
        try sql("PRAGMA user_version = 2")
        let error = try #require(openError())
        #expect(error.code == .newerFormat && error.exitCode == 78)
        #expect(error.message.contains("format 2"))
    }

    @Test func emptiedStoreIsCorrupt() throws {
        _ = try SQLiteStore(path: path)
        try sql("DROP TABLE records; DROP TABLE versions")
        #expect(openError()?.code == .corrupt)
    }

    @Test func missingDirectoryIsMadeForItsOwnerAndGroup() throws {
        let store = try SQLiteStore(path: directory.path + "/new/store.db")
        #expect(try store.read("a") == nil)
        let attributes = try FileManager.default.attributesOfItem(atPath: directory.path + "/new")
        let mode = try #require(attributes[.posixPermissions] as? NSNumber)
        #expect(mode.intValue & ~0o750 == 0)
    }

    @Test(arguments: ["/none/of/these/store.db", "file/store.db", ""])
    func unreachablePathIsRefused(_ suffix: String) throws {
        try Data().write(to: URL(fileURLWithPath: directory.path + "/file"))
        let path = suffix.isEmpty || suffix.hasPrefix("/") ? suffix : directory.path + "/" + suffix
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path) }
        #expect(error?.code == .unwritable && error?.exitCode == 74)
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
    func directoryWithoutWritePermissionIsRefused() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: directory.path)
        let error = try #require(openError())
        #expect(error.code == .unwritable && error.exitCode == 74)
    }

    @Test func directoryInPlaceOfTheFileIsRefused() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(openError()?.code == .unwritable)
    }

    @Test(arguments: ["", "-wal", "-shm"]) func removedFileStopsTheStore(_ suffix: String) throws {
        let store = try SQLiteStore(path: path)
        let version = try #require(store.write("a", "1", ifVersion: nil).version)
        try FileManager.default.moveItem(atPath: path + suffix, toPath: path + suffix + ".away")
        let error = #expect(throws: StoreError.self) { try store.write("a", "2", ifVersion: version) }
        #expect(error?.code == .replaced && error?.exitCode == 74)
        #expect(try #require(error).message.contains(path + suffix))
        #expect(throws: StoreError.self) { try store.read("a") }
        #expect(!FileManager.default.fileExists(atPath: path + suffix))
        // Put back, it is the same file again.
        try FileManager.default.moveItem(atPath: path + suffix + ".away", toPath: path + suffix)
        #expect(try store.write("a", "2", ifVersion: version).version != nil)
    }

    @Test func replacedFileStopsTheStore() throws {
        let store = try SQLiteStore(path: path)
        let version = try store.write("a", "1", ifVersion: nil).version
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: path + suffix + ".old")
        }
        let other = try SQLiteStore(path: path)
        let error = #expect(throws: StoreError.self) { try store.write("a", "2", ifVersion: version) }
        #expect(error?.code == .replaced)
        #expect(try other.read("a") == nil)
    }

    /// The file goes while the write waits for another process's lock, after it was looked at.
    @Test func whatWasWrittenToARemovedFileIsNotBelieved() throws {
        let store = try SQLiteStore(path: path)
        _ = try store.write("a", "1", ifVersion: nil)
        let other = try SQLiteConnection(path: path, busyTimeoutMilliseconds: 2000)
        try other.run("BEGIN IMMEDIATE")
        let outcome = Mutex<Result<WriteOutcome, StoreError>?>(nil)
        let isWriting = Atomic(false)
        let path = path
        let writer = Thread {
            isWriting.store(true, ordering: .sequentiallyConsistent)
            do throws(StoreError) {
                let written = try store.write("b", "2", ifVersion: nil)
                outcome.withLock { $0 = .success(written) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        writer.start()
        while !isWriting.load(ordering: .sequentiallyConsistent) { usleep(100) }
        // Long enough to be waiting, and well below the two seconds for which it does.
        usleep(300_000)
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.moveItem(atPath: path + suffix, toPath: path + "-gone" + suffix)
        }
        try other.run("COMMIT")
        while outcome.withLock({ $0 == nil }) { usleep(1000) }
        guard case .failure(let error)? = outcome.withLock({ $0 }) else {
            Issue.record("it was written, nowhere")
            return
        }
        #expect(error.code == .replaced)
        for suffix in ["", "-wal", "-shm"] {
            try FileManager.default.moveItem(atPath: path + "-gone" + suffix, toPath: path + suffix)
        }
        #expect(try store.read("a")?.value == "1", "the same files are back")
    }

    @Test func aStoreThatIsOnlyToBeReadIsNotMade() throws {
        let missing = #expect(throws: StoreError.self) { try SQLiteStore(path: path, mayMake: false) }
        #expect(missing?.code == .missing && missing?.exitCode == 74)
        #expect(!FileManager.default.fileExists(atPath: path))
        try Data().write(to: URL(fileURLWithPath: path))
        let empty = #expect(throws: StoreError.self) { try SQLiteStore(path: path, mayMake: false) }
        #expect(empty?.code == .missing)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
        _ = try SQLiteStore(path: path).write("a", "1", ifVersion: nil)
        #expect(try SQLiteStore(path: path, mayMake: false).read("a")?.value == "1")
    }

    /// The store itself, and a backup by VACUUM INTO, which has no log.
    @Test func readingChangesNothing() throws {
        let backup = directory.path + "/backup.db"
        do {
            _ = try SQLiteStore(path: path).write("a", "1", ifVersion: nil)
            try sql("VACUUM INTO '\(backup)'")
        }
        for path in [path, backup] {
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            do {
                let reader = try SQLiteStore(path: path, for: .read)
                #expect(try reader.read("a")?.value == "1" && reader.hasSums() && !reader.isReadOnly)
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before, "\(path)")
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(names.sorted() == ["backup.db", "store.db"])
    }

    @Test func symbolicLinkTurnedElsewhereStopsTheStore() throws {
        let link = directory.path + "/link.db"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        let store = try SQLiteStore(path: link)
        let version = try store.write("a", "1", ifVersion: nil).version
        _ = try SQLiteStore(path: directory.path + "/other.db")
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: directory.path + "/other.db")
        let error = #expect(throws: StoreError.self) { try store.write("a", "2", ifVersion: version) }
        #expect(error?.code == .replaced)
    }

    @Test func lockedFileIsUnavailableInBoundedTime() throws {
        let store = try SQLiteStore(path: path)
        let other = try SQLiteConnection(path: path, busyTimeoutMilliseconds: 0)
        try other.run("BEGIN IMMEDIATE")
        // Nobody lets go of the lock: that this returns is the bound.
        let error = #expect(throws: StoreError.self) { try store.write("a", "1", ifVersion: nil) }
        #expect(error?.code == .unavailable)
        // Whether it is tried again is for the caller to say.
        #expect(error?.message.contains("another process keeps it locked") == true)
        #expect(error?.message.contains("again") == false)
        #expect(try store.read("a") == nil)
        try other.run("ROLLBACK")
        #expect(try store.write("a", "1", ifVersion: nil).version != nil)
    }

    @Test func fullDiskIsAnErrorAndPasses() throws {
        let store = try SQLiteStore(path: path)
        let version = try store.write("a", "1", ifVersion: nil).version
        store.state.withLock { try! $0.session!.connection.run("PRAGMA max_page_count = 4") }
        let large = String(repeating: "x", count: 100_000)
        let error = #expect(throws: StoreError.self) { try store.write("a", large, ifVersion: version) }
        #expect(error?.code == .diskFull && error?.exitCode == 74)
        #expect(try store.read("a")?.value == "1")
        store.state.withLock { try! $0.session!.connection.run("PRAGMA max_page_count = 1000") }
        #expect(try store.write("a", large, ifVersion: version).version != nil)
    }

    /// One transaction: a failure in its midst leaves nothing of it, and no result says otherwise.
    @Test func aBatchThatFailsInItsMidstHasFailedWholly() throws {
        let store = try SQLiteStore(path: path)
        let version = try store.write("a", "1", ifVersion: nil).version
        store.state.withLock { try! $0.session!.connection.run("PRAGMA max_page_count = 4") }
        let large = String(repeating: "x", count: 100_000)
        let batch = [
            StoreWrite(key: "a", value: "2", ifVersion: version), StoreWrite(key: "b", value: large, ifVersion: nil),
            StoreWrite(key: "c", value: "3", ifVersion: 7),
        ]
        for (write, result) in zip(batch, store.write(batch)) {
            let error = #expect(throws: StoreError.self) { try result.get() }
            #expect(error?.code == .diskFull && error?.leavesDoubt == true)
            #expect(error?.message.contains("write \(write.key) to") == true, "each error names its own record")
        }
        #expect(try store.read(["a", "b", "c"]).map { try $0.get()?.value } == ["1", nil, nil])
        store.state.withLock { try! $0.session!.connection.run("PRAGMA max_page_count = 1000") }
        #expect(try store.write(batch).map { try $0.get() != .conflict } == [true, true, false])
    }

    /// Its log has the pages of one transaction, not of a thousand.
    @Test func aBatchIsOneTransaction() throws {
        let store = try SQLiteStore(path: path)
        let size = { try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int ?? 0 }
        _ = try store.write("a", "1", ifVersion: nil)
        let before = try size()
        let results = store.write((0..<200).map { StoreWrite(key: "s/\($0)", value: "1", ifVersion: nil) })
        #expect(try results.allSatisfy { try $0.get() != .conflict })
        #expect(try size() - before < 20 * 4096)
        let again = try SQLiteStore(path: path)
        #expect(try again.read((0..<200).map { "s/\($0)" }).allSatisfy { try $0.get()?.value == "1" })
    }

    @Test func ofSeveralReadsARecordThatIsNotTextFailsAlone() throws {
        let store = try SQLiteStore(path: path)
        _ = try store.write("b", "1", ifVersion: nil)
        try sql("INSERT INTO records (key, value, version) VALUES ('a', CAST(x'ff' AS TEXT), 1)")
        let results = store.read(["a", "b"])
        let error = #expect(throws: StoreError.self) { try results[0].get() }
        #expect(error?.code == .corrupt)
        #expect(try results[1].get()?.value == "1")
    }

    @Test func aBatchForALockedFileIsUnavailable() throws {
        let store = try SQLiteStore(path: path)
        let other = try SQLiteConnection(path: path, busyTimeoutMilliseconds: 0)
        try other.run("BEGIN IMMEDIATE")
        let results = store.write((0..<3).map { StoreWrite(key: "s/\($0)", value: "1", ifVersion: nil) })
        for result in results {
            let error = #expect(throws: StoreError.self) { try result.get() }
            #expect(error?.code == .unavailable)
        }
        try other.run("ROLLBACK")
    }

    @Test func afterAFailedSyncTheLogIsWrittenAgain() throws {
        let store = try SQLiteStore(path: path)
        let witness = try SQLiteStore(path: path)
        let version = try store.write("a", "1", ifVersion: nil).version
        let size = { try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int }
        #expect(try size() != 0)
        store.state.withLock {
            $0.session = nil
            $0.mustCheckpoint = true
        }
        #expect(try store.read("a")?.version == version)
        #expect(try size() == 0)
        #expect(try witness.read("a")?.version == version)
        #expect(store.state.withLock { $0.mustCheckpoint } == false)
    }

    @Test func damagedPageIsCorrupt() throws {
        var store: SQLiteStore? = try SQLiteStore(path: path)
        _ = try store?.write("a", "1", ifVersion: nil)
        store = nil
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0xEE, count: 8192))
        try file.close()
        let error = #expect(throws: StoreError.self) {
            _ = try SQLiteStore(path: path).read("a")
        }
        #expect(error?.code == .corrupt && error?.exitCode == 78)
    }

    @Test func textThatIsNotUnicodeIsCorrupt() throws {
        let store = try SQLiteStore(path: path)
        try sql("INSERT INTO records (key, value, version) VALUES ('a', CAST(x'ff' AS TEXT), 1)")
        let error = #expect(throws: StoreError.self) { try store.read("a") }
        #expect(error?.code == .corrupt)
    }

    @Test func logStaysSmall() throws {
        let store = try SQLiteStore(path: path)
        var version: UInt64?
        for round in 0..<1500 { version = try store.write("a", "\(round)", ifVersion: version).version }
        let size = try #require(FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int)
        #expect(size <= 1 << 20)
    }
}
