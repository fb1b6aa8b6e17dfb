package import FirnLayout

extension Layout {
    /// The first instant for which no ID can be made any more.
    ///
    /// - Precondition: The layout has time.
    package var endOfUse: UTCTime { time(ofTick: Space.endTick(of: self)) }
}
