internal import FirnLayout

/// Notices times that cannot be right: in the future, or before the system whose layout it is. The IDs are then probably
/// another system's.
struct DoubtfulTimes {
    private let layout: Layout
    private let now: UTCTime
    /// Ticks of times that can be.
    private let plausible: ClosedRange<UInt64>
    private var first: DecodedID?
    private var count = 0

    init(layout: Layout, now: UTCTime) {
        self.layout = layout
        self.now = now
        let since = KnownLayout.equal(to: layout)?.since ?? layout.epoch
        let earliest = layout.tick(atUnixNanoseconds: since.unixNanoseconds) ?? 0
        let latest = UTCTime(unixSeconds: now.unixSeconds + LayoutGuess.clockTolerance, nanosecond: now.nanosecond)
        let last = layout.tick(atUnixNanoseconds: latest.unixNanoseconds) ?? 0
        plausible = earliest...max(earliest, last)
    }

    mutating func add(_ id: FirnID) {
        let decoded = layout.decode(id)
        guard let time = decoded.time, !plausible.contains(time), decoded.fitsLayout else { return }
        first = first ?? decoded
        count += 1
    }

    /// What to say about them; nil when there are none.
    var message: String? {
        guard let first, let utc = first.utc else { return nil }
        let when = utc > now ? "in the future" : "before that layout was in use"
        let others = count > 1 ? ", and \(count - 1) more are like it" : ""
        return "firn: read as \(layout.name), \(first.id) is of \(utc), \(when)\(others). Is it another system's? Try "
            + "firn decode --guess \(first.id)."
    }
}
