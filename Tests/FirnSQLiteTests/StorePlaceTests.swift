import FirnStore
import FirnTestSupport
import Foundation
import Testing

@testable import FirnSQLite

/// By what a store's file tells that it was copied.
@Suite struct StorePlaceTests {
    let directory = TemporaryDirectory()

    static let place = StorePlace(
        path: "/var/lib/firn/firn.db",
        host: "web-1",
        machine: 1,
        boot: 2,
        device: 3,
        inode: 4,
        born: 5
    )

    private func difference(_ change: (inout StorePlace) -> Void) -> StorePlace.Difference? {
        var place = Self.place
        change(&place)
        return place.difference(from: Self.place)
    }

    @Test func whatChangesWithoutACopyIsNone() {
        #expect(difference { _ in } == nil)
        #expect(difference { $0.path = "/srv/firn.db" } == nil, "renamed, or mounted elsewhere")
        #expect(difference { ($0.boot, $0.device) = (9, 9) } == nil, "started anew, with other devices")
        #expect(difference { $0.device = 9 } == nil, "a volume that was attached again")
        #expect(difference { $0.host = "web-2" } == nil, "another container of the host, or its name was changed")
        #expect(
            difference { ($0.machine, $0.boot, $0.host) = (0, 9, "pod-7") } == nil,
            "a container without a machine ID"
        )
        #expect(difference { $0.born = 0 } == nil, "a file system that does not know")
    }

    @Test func copiesAreKnown() {
        #expect(difference { $0.inode = 9 } == .anotherFile)
        #expect(difference { $0.born = 9 } == .anotherFile)
        #expect(difference { ($0.machine, $0.boot) = (9, 9) } == .anotherMachine)
        #expect(difference { ($0.device, $0.path) = (9, "/mnt/firn.db") } == .anotherDevice)
        #expect(difference { ($0.boot, $0.host) = (9, "web-2") } == .anotherHost)
    }

    @Test func theTextHoldsAll() throws {
        var place = Self.place
        place.path = "/a b/=%\u{E4}"
        #expect(try StorePlace(text: place.text) == place)
        #expect(throws: StoreError.self) { try StorePlace(text: place.text + " more=1") }
    }

    /// Each of two names has a log of its own: the second one is refused, before SQLite could write by it.
    @Test(arguments: [true, false]) func aHardLinkIsRefusedByItsSecondNameAlone(_ isStopped: Bool) throws {
        let (path, link) = (directory.path + "/firn.db", directory.path + "/link.db")
        var store: SQLiteStore? = try SQLiteStore(path: path)
        _ = try store?.write("a", "1", ifVersion: nil)
        try store?.recordPlace()
        // What was written is in the file, or in the log beside its first name only.
        if isStopped { store = nil }
        try FileManager.default.linkItem(atPath: path, toPath: link)
        for open in [{ _ = try SQLiteStore(path: link) }, { _ = try SQLiteStore.examine(path: link) }] {
            let error = try #require(throws: StoreError.self) { try open() }
            #expect(error.code == .copied && error.exitCode == 78 && error.message.contains("2 names"), "\(error)")
        }
        #expect(!FileManager.default.fileExists(atPath: link + "-wal"))
        #expect(try SQLiteStore(path: path).read("a")?.value == "1")
        #expect(try SQLiteStore.examine(path: path) != nil)
        withExtendedLifetime(store) {}
    }

    /// As `docker run -v FILE:FILE` does it.
    @Test(.enabled(if: geteuid() == 0, "only root may mount")) func aFileThatIsMountedByItselfIsRefused() throws {
        let (path, place) = (directory.path + "/firn.db", directory.path + "/mounted.db")
        _ = try SQLiteStore(path: path)
        try Data().write(to: URL(fileURLWithPath: place))
        guard try runTool("/usr/bin/mount", "--bind", path, place) == 0 else { return }
        defer { _ = try? runTool("/usr/bin/umount", place) }
        for open in [{ _ = try SQLiteStore(path: place) }, { _ = try SQLiteStore.examine(path: place) }] {
            let error = try #require(throws: StoreError.self) { try open() }
            #expect(error.code == .copied && error.message.contains("mounted by itself"), "\(error)")
        }
        #expect(try SQLiteStore(path: path).read("a") == nil)
    }

    /// The file itself, its copy, and what a daemon that adopts writes. Records and versions are untouched.
    @Test func aFileKnowsItsPlaceAndACopyRemembersTheOriginals() throws {
        let path = directory.path + "/firn.db"
        var store: SQLiteStore? = try SQLiteStore(path: path)
        #expect(try store?.recordedPlace() == nil)
        _ = try store?.write("a", "1", ifVersion: nil)
        try store?.recordPlace()
        let place = try #require(try store?.recordedPlace())
        #expect(place == store?.presentPlace && place.inode > 0 && place.path == path && !place.host.isEmpty)
        #expect(try store?.highestVersion() == 1 && store?.list(prefix: "").count == 1)
        store = nil
        let copyPath = directory.path + "/copy.db"
        try FileManager.default.copyItem(atPath: path, toPath: copyPath)
        let copy = try SQLiteStore(path: copyPath)
        #expect(try copy.recordedPlace() == place)
        #expect(copy.presentPlace.difference(from: place) == .anotherFile)
        try copy.recordPlace()
        let adopted = try #require(try copy.recordedPlace())
        #expect(copy.presentPlace.difference(from: adopted) == nil)
        #expect(try SQLiteStore(path: path).recordedPlace() == place)
        // Renamed it is the same file.
        try FileManager.default.moveItem(atPath: path, toPath: directory.path + "/moved.db")
        let moved = try SQLiteStore(path: directory.path + "/moved.db")
        #expect(moved.presentPlace.difference(from: place) == nil && moved.presentPlace != place)
    }
}
