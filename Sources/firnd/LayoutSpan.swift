internal import FirnConfiguration
internal import FirnEngine
internal import FirnLayout

/// The time range of a layout, and where a wall clock is in it.
enum LayoutSpan {
    /// Refuses a layout whose time has not begun or is over: its daemon would never give out an ID, and must not be
    /// restarted in a loop.
    ///
    /// - Parameter wallNanoseconds: since 1970.
    static func check(_ layout: Layout, wallNanoseconds: Int64) throws(ConfigurationError) {
        // Nanoseconds since 1970 fit 64 bits until 2262, and the engine counts in them.
        guard let tick = layout.tick(atUnixNanoseconds: wallNanoseconds) else {
            throw ConfigurationError(
                "the layout \(layout.name) begins at \(layout.epoch), which is not yet; choose an epoch in the past, or set the clock"
            )
        }
        guard tick < Space.endTick(of: layout) else {
            throw ConfigurationError(
                "the layout \(layout.name) ended at \(layout.endOfUse), and the clock says "
                    + "\(UTCTime(unixMilliseconds: UInt64(wallNanoseconds / 1_000_000))); choose another layout or a later epoch"
            )
        }
    }
}
