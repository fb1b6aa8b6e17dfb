package import FirnEngine
package import FirnStore

extension Moment {
    /// The instant, as a store's records have it.
    package var storeInstant: StoreInstant {
        StoreInstant(tick: tick, unixMilliseconds: UInt64(max(0, unixNanoseconds) / 1_000_000))
    }
}
