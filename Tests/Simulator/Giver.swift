import FirnLayout

/// Who gives something out.
final class Giver {
    let name: String
    /// Of its process, or of the leases that it has had.
    var instances: [UInt64]
    let witness: Witness?
    /// What its process records of its grants; nil: nothing.
    var slot: HostDisk.Slot?
    /// The last of its holdings that it has used.
    var lastUsed: Judge.Holding?

    init(name: String, instances: [UInt64], witness: Witness?) {
        self.name = name
        self.instances = instances
        self.witness = witness
    }
}
