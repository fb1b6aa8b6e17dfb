internal import FirnLayout

/// Counts IDs that are probably another system's, for one message about all of them.
struct DoubtfulIDs {
    private let layout: Layout
    private let doubts: IDDoubts
    private var first: FirnID?
    private var count = 0

    init(layout: Layout, now: UTCTime) {
        self.layout = layout
        doubts = IDDoubts(layout: layout, now: now)
    }

    mutating func add(_ id: FirnID) {
        guard doubts.isDoubtful(id) else { return }
        first = first ?? id
        count += 1
    }

    /// What to say about them; nil when there are none.
    var message: String? {
        guard let first, let reason = doubts.reason(against: first) else { return nil }
        let others = count > 1 ? ", and \(grouped(UInt64(count - 1))) more \(count == 2 ? "is" : "are") doubtful" : ""
        return "firn: read as \(layout.name), \(first) \(reason)\(others). Is it another system's? Try "
            + "firn decode --guess \(first)."
    }

    /// What JSON says of one of them; nil for an ID that can be of the layout.
    func hint(on id: FirnID) -> String? { doubts.hint(on: id) }
}
