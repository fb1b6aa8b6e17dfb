/// Where the daemons of a host write their journals, so that these outlive them: a state directory.
package protocol GrantStorage: Sendable {
    associatedtype Slot: GrantSlot

    /// All grants that are recorded here, of any store.
    func grants() throws(StoreError) -> [Grant]
    /// A slot for a daemon with the store at `address`. No other daemon has it.
    func takeSlot(address: UInt64) throws(StoreError) -> Slot
}

/// One daemon's slot in a ``GrantStorage``. It belongs to that daemon until the daemon ends.
package protocol GrantSlot: Sendable {
    /// The record of the daemon that had the slot before.
    var inherited: Grant? { get }
    /// Writes the grant, durably.
    func write(_ grant: Grant) throws(StoreError)
}
