import FirnStore
import FirnTestSupport
import Synchronization
import Testing

/// What every store has to do, whatever it is made of.
@Suite struct StoreContractTests {
    @Test(arguments: StoreUnderTest.allCases) func absentRecordReadsAsNil(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        #expect(try store.read("a") == nil)
        #expect(try store.list(prefix: "").isEmpty)
    }

    @Test(arguments: StoreUnderTest.allCases) func writtenValueIsReadBackWithItsVersion(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let value = "naïve \u{1F9CA} line\nnext\ttab"
        let version = try #require(try store.write("a", value, ifVersion: nil).version)
        #expect(try store.read("a") == StoredValue(value: value, version: version))
        #expect(version >= 1)
        _ = try store.write("empty", "", ifVersion: nil)
        #expect(try store.read("empty")?.value == "")
    }

    @Test(arguments: StoreUnderTest.allCases) func writeAtAnotherVersionConflicts(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        // To some stores 0 is the version of what is not there.
        for version in [0, 1, UInt64.max] { #expect(try store.write("a", "x", ifVersion: version) == .conflict) }
        #expect(try store.read("a") == nil)
        let first = try #require(try store.write("a", "1", ifVersion: nil).version)
        #expect(try store.write("a", "2", ifVersion: nil) == .conflict)
        #expect(try store.write("a", "2", ifVersion: first + 1) == .conflict)
        #expect(try store.write("a", "2", ifVersion: UInt64.max) == .conflict)
        #expect(try store.read("a") == StoredValue(value: "1", version: first))
        let second = try #require(try store.write("a", "2", ifVersion: first).version)
        #expect(second > first)
        #expect(try store.write("a", "3", ifVersion: first) == .conflict)
        #expect(try store.read("a") == StoredValue(value: "2", version: second))
    }

    /// Two histories of a restored store have the same versions, and records of the same kind.
    @Test(arguments: StoreUnderTest.allCases) func aWriteOverAnotherValueConflicts(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let first = try #require(try store.write("a", "naïve 1", ifVersion: nil).version)
        for value in ["naïve 2", "", "naïve", "naïve 1 "] {
            #expect(try store.write("a", "x", ifVersion: first, ifValue: value) == .conflict)
        }
        #expect(try store.write("b", "x", ifVersion: nil, ifValue: "x") == .conflict)
        #expect(try store.read("a")?.value == "naïve 1" && store.read("b") == nil)
        #expect(try store.write("a", "2", ifVersion: first + 1, ifValue: "naïve 1") == .conflict)
        #expect(try store.write("a", "2", ifVersion: first, ifValue: "naïve 1").version != nil)
        #expect(try store.read("a")?.value == "2")
    }

    @Test(arguments: StoreUnderTest.allCases) func theHighestVersionIsThatOfTheLastWrite(_ kind: StoreUnderTest) throws
    {
        let store = try kind.make()
        var last = try store.highestVersion()
        for key in ["b", "a", "b"] {
            let version = try #require(try store.write(key, key, ifVersion: store.read(key)?.version).version)
            #expect(version > last)
            last = try store.highestVersion()
            #expect(last >= version)
        }
        #expect(try store.write("a", "x", ifVersion: nil) == .conflict)
        let afterwards = try store.highestVersion()
        #expect(kind.isShared ? afterwards >= last : afterwards == last)
    }

    @Test(arguments: StoreUnderTest.allCases) func versionsRiseOverAllKeys(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        var last: UInt64 = 0
        for key in ["b", "a", "c"] {
            let version = try #require(try store.write(key, "1", ifVersion: nil).version)
            #expect(version > last)
            last = version
        }
        #expect(try #require(try store.write("b", "2", ifVersion: store.read("b")?.version).version) > last)
    }

    @Test(arguments: StoreUnderTest.allCases) func listHoldsThePrefixInOrderOfBytes(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        for key in ["workers/2", "workers/10", "workers", "workers/1", "workers0", "layout", "zebra", "workers/Z"] {
            _ = try store.write(key, "of \(key)", ifVersion: nil)
        }
        let records = try store.list(prefix: "workers/")
        #expect(records.map(\.key) == ["workers/1", "workers/10", "workers/2", "workers/Z"])
        #expect(records.allSatisfy { $0.value == "of \($0.key)" })
        for record in records {
            #expect(try store.read(record.key) == StoredValue(value: record.value, version: record.version))
        }
        #expect(try store.list(prefix: "").count == 8)
        #expect(try store.list(prefix: "none").isEmpty)
    }

    @Test(arguments: StoreUnderTest.allCases) func aLongListIsWholeAndInOrder(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        // More than two pages of any store that has pages.
        let keys = (0..<2100).map { "many/\($0)" }
        onThreads(8) { index in
            for key in keys[(keys.count * index / 8)..<(keys.count * (index + 1) / 8)] {
                _ = try? store.write(key, "of \(key)", ifVersion: nil)
            }
        }
        _ = try store.write("many", "before", ifVersion: nil)
        _ = try store.write("many0", "after", ifVersion: nil)
        let records = try store.list(prefix: "many/")
        #expect(records.map(\.key) == keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(records.allSatisfy { $0.value == "of \($0.key)" })
        #expect(Set(records.map(\.version)).count == keys.count)
        for limit in [1000, 999, 300] {
            var paged: [StoredRecord] = []
            while true {
                let page = try store.list(prefix: "many/", after: paged.last?.key, limit: limit)
                paged += page
                guard page.count == limit else { break }
            }
            #expect(paged == records, "in pages of \(limit)")
        }
    }

    @Test(arguments: StoreUnderTest.allCases) func aPageBeginsAboveAKeyThatNeedNotBeThere(_ kind: StoreUnderTest) throws
    {
        let store = try kind.make()
        for key in ["workers/2", "workers/10", "workers", "workers/1", "workers0", "layout"] {
            _ = try store.write(key, "of \(key)", ifVersion: nil)
        }
        func page(_ after: String?, _ limit: Int) throws -> [String] {
            try store.list(prefix: "workers/", after: after, limit: limit).map(\.key)
        }
        #expect(try page(nil, 2) == ["workers/1", "workers/10"])
        #expect(try page("workers/1", 1) == ["workers/10"])
        #expect(try page("workers/11", 9) == ["workers/2"])
        #expect(try page("workers/2", 9) == [])
        #expect(try page("workers/10", 9) == ["workers/2"])
        #expect(try store.list(prefix: "none", after: nil, limit: 9).isEmpty)
    }

    @Test(arguments: StoreUnderTest.allCases) func aLargeValueComesBackWhole(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        // Far more than any record of ours, and less than etcd's 1.5 MiB a request.
        let value = String(repeating: "0123456789abcdef", count: 65_536)
        let version = try #require(try store.write("a", value, ifVersion: nil).version)
        #expect(try store.read("a") == StoredValue(value: value, version: version))
        #expect(try store.list(prefix: "a").map(\.value) == [value])
    }

    @Test(arguments: StoreUnderTest.allCases) func racingIncrementsAreAllCounted(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        _ = try store.write("n", "0", ifVersion: nil)
        let failures = Mutex<[String]>([])
        onThreads(8) { _ in
            var done = 0
            while done < 20 {
                do {
                    let stored = try store.read("n")!
                    let next = String(Int(stored.value)! + 1)
                    if case .written = try store.write("n", next, ifVersion: stored.version) { done += 1 }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                    return
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try store.read("n")?.value == "160")
    }
}
