/// Where the daemons of a host write their journals, so that these outlive them: a state directory.
package protocol GrantStorage: Sendable {
    associatedtype Slot: GrantSlot

    /// All that is remembered here, of any store.
    func grants() throws(StoreError) -> [Grant]
    /// A place for a daemon on the store at `address`: one that no other daemon has.
    func takeSlot(address: UInt64) throws(StoreError) -> Slot
}

/// One daemon's place in a ``GrantStorage``, its own for as long as it lives.
package protocol GrantSlot: Sendable {
    /// What the last one that had the place remembered.
    var inherited: Grant? { get }
    /// Writes the grant, durably.
    func write(_ grant: Grant) throws(StoreError)
}
