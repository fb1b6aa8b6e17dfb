import FirnStore

/// A host's state directory: what its daemons have recorded of their grants. It outlives them.
final class HostDisk: GrantStorage, @unchecked Sendable {
    // Sendable, because a simulation runs on one thread.
    final class Slot: GrantSlot, @unchecked Sendable {
        private unowned let disk: HostDisk
        private let index: Int
        let inherited: Grant?
        /// Cleared when the process ends.
        var isOpen = true
        /// Whether all that was written is there.
        fileprivate(set) var isWhole = true

        init(_ disk: HostDisk, _ index: Int) {
            self.disk = disk
            self.index = index
            inherited = disk.entries[index].grant
        }

        func write(_ grant: Grant) throws(StoreError) {
            guard isOpen, disk.failingWrites == 0 else {
                isWhole = false
                disk.failingWrites = max(0, disk.failingWrites - 1)
                throw StoreError(code: .diskFull, message: "the state directory is full (injected fault)")
            }
            disk.entries[index].grant = grant
        }

        /// What is recorded.
        var present: Grant? { disk.entries[index].grant }

        func close() {
            isOpen = false
            disk.entries[index].isTaken = false
            disk.entries[index].holder = nil
        }
    }

    private struct Entry {
        var grant: Grant?
        var isTaken = false
        var holder: Slot?
    }

    private var entries: [Entry] = []
    private(set) var opened: [Slot] = []
    /// So many writes fail.
    var failingWrites = 0

    func grants() throws(StoreError) -> [Grant] { entries.compactMap(\.grant) }

    func takeSlot(address: UInt64) throws(StoreError) -> Slot {
        let index: Int
        if let free = entries.firstIndex(where: { !$0.isTaken }) {
            index = free
        } else {
            index = entries.count
            entries.append(Entry())
        }
        entries[index].isTaken = true
        let slot = Slot(self, index)
        entries[index].holder = slot
        opened.append(slot)
        return slot
    }

    /// The slot that was taken last.
    func takeOpened() -> Slot? { opened.popLast() }

    /// The time of the last repair that is recorded here, and the highest version since.
    var lastRepair: UInt64 { entries.lazy.compactMap { $0.grant?.repairedAtUnixMilliseconds }.max() ?? 0 }

    var highestVersion: UInt64 {
        let lastRepair = lastRepair
        return entries.lazy.compactMap(\.grant).filter { $0.repairedAtUnixMilliseconds == lastRepair }.map(\.version)
            .max()
            ?? 0
    }

    /// Its files are lost.
    func lose() {
        for index in entries.indices {
            entries[index].grant = nil
            entries[index].holder?.isWhole = false
        }
    }
}
