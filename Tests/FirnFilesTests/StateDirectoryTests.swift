import FirnStore
import FirnTestSupport
import Foundation
import Testing

@testable import FirnFiles

/// What the files of a state directory hold, and which of them may go.
@Suite struct StateDirectoryTests {
    let directory = TemporaryDirectory()
    static let day: UInt64 = 86_400_000
    static let now: UInt64 = 20_000 * day

    /// A file of a store, as a daemon that ended `days` ago has left it.
    private func leave(_ storeName: String?, days: UInt64, limitDays: UInt64? = nil, in state: StateDirectory) throws
        -> String
    {
        let address = UInt64.random(in: 0...(.max))
        let file = try state.takeSlot(address: address)
        let limit = Self.now - (limitDays ?? days) * Self.day
        try file.write(
            Grant(
                address: address,
                storeID: 1,
                worker: 1,
                generation: 1,
                limit: StoreInstant(tick: limit, unixMilliseconds: limit),
                version: 1,
                storeName: storeName
            )
        )
        let written = Date(timeIntervalSince1970: Double((Self.now - days * Self.day) / 1000))
        try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: file.path)
        return file.path
    }

    @Test func onlyFilesOfStoresLongGoneAreRemoved() throws {
        let state = try StateDirectory(path: directory.path + "/state")
        let store = directory.path + "/firn.db"
        try Data().write(to: URL(fileURLWithPath: store))
        let gone = "sqlite:\(directory.path)/gone/firn.db"
        let kept = [
            try leave("sqlite:\(store)", days: 1000, in: state),
            try leave(gone, days: 29, in: state),
            try leave(gone, days: 1000, limitDays: 1, in: state),
            try leave(gone, days: 1, limitDays: 1000, in: state),
            try leave("etcd:127.0.0.1:2379", days: 1000, in: state),
            try leave(nil, days: 1000, in: state),
        ]
        let old = try leave(gone, days: 31, in: state)
        let inUse = try state.takeSlot(address: 7)
        try inUse.write(
            Grant(
                address: 7,
                storeID: 1,
                worker: 1,
                generation: 1,
                limit: StoreInstant(tick: 1, unixMilliseconds: 1),
                version: 1,
                storeName: gone
            )
        )
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1)],
            ofItemAtPath: inUse.path
        )
        #expect(try state.removeOutlived(at: Self.now) == 1)
        #expect(!FileManager.default.fileExists(atPath: old))
        for path in kept + [inUse.path] { #expect(FileManager.default.fileExists(atPath: path), "\(path)") }
        #expect(try state.removeOutlived(at: Self.now) == 0)
    }

    /// As on a machine that tests daemons, each on a store of its own.
    @Test func aFullDirectoryMakesRoom() throws {
        let state = try StateDirectory(path: directory.path + "/state", maximumFiles: 8)
        for _ in 0..<8 { _ = try leave("sqlite:\(directory.path)/gone.db", days: 1, in: state) }
        let error = #expect(throws: StoreError.self) { try state.takeSlot(address: 5) }
        #expect(error?.code == .unwritable && error?.message.contains("--state-dir") == true)
        #expect(try state.removeOutlived(at: Self.now) == 8)
        #expect(throws: Never.self) { try state.takeSlot(address: 5) }
    }

    /// One daemon opens the file, another removes it, and only then the first one gets the lock.
    @Test func aFileThatWasRemovedIsNotTaken() throws {
        let path = directory.path + "/granted-0"
        let file = try #require(try GrantFile.locked(path: path, address: 5))
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        #expect(GrantFile.isAt(path, descriptor))
        unlink(path)
        #expect(!GrantFile.isAt(path, descriptor))
        #expect(try GrantFile.locked(path: path, address: 5) != nil, "a new one")
        #expect(!GrantFile.isAt(path, descriptor))
        withExtendedLifetime(file) {}
    }

    private func grant(limit: UInt64) -> Grant {
        Grant(
            address: 7,
            storeID: 77,
            worker: 2,
            generation: 1,
            limit: StoreInstant(tick: limit, unixMilliseconds: limit),
            version: 1
        )
    }

    @Test func aWriteThatWasCutOffLeavesTheOneBefore() throws {
        let state = try StateDirectory(path: directory.path + "/state")
        let path = state.path + "/granted-0"
        var file: GrantFile? = try state.takeSlot(address: 7)
        for limit in 1...5 as ClosedRange<UInt64> { try file?.write(grant(limit: limit)) }
        file = nil
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(try state.grants().map(\.limit.tick) == [5])
        #expect(whole.count == 2048)
        // The fifth is in the first place and its copy: any part of them may be missing or old.
        let length = grant(limit: 5).text(serial: 5).utf8.count
        #expect(length < 400)
        for cut in stride(from: 0, to: 511, by: 7) {
            var torn = whole
            for index in cut..<512 {
                torn[index] = UInt8(ascii: "~")
                torn[1024 + index] = UInt8(ascii: "~")
            }
            try torn.write(to: URL(fileURLWithPath: path))
            let limits = try state.grants().map(\.limit.tick)
            #expect(limits == (cut > length ? [5] : [4]), "cut at \(cut)")
        }
        var both = whole
        for index in [100, 612, 1124, 1636] { both[index] = UInt8(ascii: "~") }
        try both.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StoreError.self) { try state.grants() }
        #expect(error?.code == .corrupt && error?.message.contains(path) == true)
        try whole.prefix(100).write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.self) { try state.grants() }
        // A first write that never ended promised nothing.
        try Data(count: 2048).write(to: URL(fileURLWithPath: path))
        #expect(try state.grants() == [])
    }

    @Test func aDirectoryThatCannotBeMadeIsNamed() throws {
        let file = directory.path + "/file"
        try Data().write(to: URL(fileURLWithPath: file))
        let error = #expect(throws: StoreError.self) { try StateDirectory(path: file + "/state").grants() }
        #expect(error?.code == .unwritable && error?.message.contains("--state-dir") == true)
    }
}
