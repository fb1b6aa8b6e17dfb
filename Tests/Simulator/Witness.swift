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
    /// It has read a raised floor, and takes the version that it reads next for right: what it saw in between is lost.
    private var isAdopting = false
    /// When a write to a worker's record was last refused because the store had been set back, in true time.
    private(set) var denials: [UInt32: Int64] = [:]

    var moment: Moment { Moment(seen: seen, repairs: repairs) }

    func showed(_ version: UInt64) { seen = max(seen, version) }

    /// Its write was answered. What began before a repair says nothing about the store after it.
    ///
    /// - Returns: whether it shows for the first time that the store was set back.
    func wasWritten(_ version: UInt64, since began: Moment, at now: Int64, isEvidence: Bool) -> Bool {
        guard began.repairs == repairs else { return false }
        defer { seen = max(seen, version) }
        return version <= began.seen && isEvidence && proved(at: now)
    }

    /// It was told the store's highest version.
    func compared(_ version: UInt64, since began: Moment, at now: Int64, isEvidence: Bool) -> Bool {
        guard began.repairs == repairs else { return false }
        if isAdopting {
            (isAdopting, seen) = (false, version)
            return false
        }
        defer { seen = max(seen, version) }
        return version < began.seen && isEvidence && proved(at: now)
    }

    private func proved(at now: Int64) -> Bool {
        defer { proofTime = proofTime ?? now }
        return proofTime == nil
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
        isAdopting = true
    }

    func wasDenied(_ worker: UInt32, at now: Int64) { denials[worker] = now }

    /// It was another store, which was taken away again.
    func wasPutBack() { proofTime = nil }
}
