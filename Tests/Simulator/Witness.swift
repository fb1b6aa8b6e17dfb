import FirnStore

/// What one process was shown of the store: the judge's own note of it, which does not ask the code that is tested.
final class Witness {
    let process: Int
    private(set) var seen: UInt64 = 0
    /// When an answer contradicted what it had seen, in true time; nil: none did since the store was repaired.
    private(set) var proofTime: Int64?
    /// When the last repair that it knows of was made.
    private var lastRepair: UInt64

    init(process: Int, disk: HostDisk) {
        self.process = process
        seen = disk.highestVersion
        lastRepair = disk.lastRepair
    }

    /// What it knew when a call began.
    struct Moment {
        var seen: UInt64
        var repairs: Int
    }

    private var repairs = 0

    var moment: Moment { Moment(seen: seen, repairs: repairs) }

    func showed(_ version: UInt64) { seen = max(seen, version) }

    /// Its write was answered. What began before a repair says nothing about the store after it.
    func wasWritten(_ version: UInt64, since began: Moment, at now: Int64, isEvidence: Bool) {
        guard began.repairs == repairs else { return }
        if version <= began.seen, isEvidence { proofTime = proofTime ?? now }
        seen = max(seen, version)
    }

    /// It was told the store's highest version.
    func compared(_ version: UInt64, since began: Moment, at now: Int64, isEvidence: Bool) {
        guard began.repairs == repairs else { return }
        if version < began.seen, isEvidence { proofTime = proofTime ?? now }
        seen = max(seen, version)
    }

    /// Once it finds that the floor was raised, it takes the store as it is.
    func sawFloor(_ text: String?) {
        guard let text, let floor = try? FloorRecord(text: text), floor.raisedAtUnixMilliseconds > lastRepair else {
            return
        }
        lastRepair = floor.raisedAtUnixMilliseconds
        seen = 0
        proofTime = nil
        repairs += 1
    }

    /// It was another store, which was taken away again.
    func wasPutBack() { proofTime = nil }
}
