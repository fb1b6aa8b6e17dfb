extension Layout {
    /// Why Firn does not mint IDs of this layout, as the end of a sentence that begins with the layout; nil where it
    /// does.
    ///
    /// IDs of one worker must rise with its time, two workers must have different numbers, and every number of a tick is
    /// given out. So the time is ascending and on top, with only unused and constant bits above it; the parts of the
    /// worker are adjacent; no bits are random; and there is neither a first sequence number nor a reserved range.
    public var mintingObstacle: String? {
        hasPositions ? nil : Self.mintingObstacle(of: fields, clock: clock, sequenceRules: sequenceRules)
    }

    static func mintingObstacle(
        of fields: [BitField],
        clock: LayoutClock?,
        sequenceRules: SequenceRules
    ) -> String? {
        guard let clock else { return "has no time, so no worker can mint it" }
        if clock.isDescending { return "has a time that counts down, so its IDs would fall as time passes" }
        let top = fields.first { $0.kind != .unused && $0.kind != .constant }
        if let top, top.kind != .time {
            return "has the field \(top.name) above the time, so its IDs would not rise with it"
        }
        if let random = fields.first(where: { $0.kind == .random }) {
            return "has random bits in the field \(random.name), which no daemon makes"
        }
        let workers = fields.filter { $0.kind == .worker }
        if !workers.areInOnePiece {
            let names = workers.map(\.name).joined(separator: ", ")
            return "has a worker in separate pieces, \(names): other fields are between them"
        }
        if sequenceRules.first != 0 {
            return "begins each tick with the sequence number \(sequenceRules.first), and a daemon gives out all"
        }
        if let range = sequenceRules.reserved.first {
            let numbers =
                range.lowerBound == range.upperBound
                ? "number \(range.lowerBound)" : "numbers \(range.lowerBound)–\(range.upperBound)"
            return "reserves the sequence \(numbers), and a daemon gives out all"
        }
        return nil
    }
}

extension [BitField] {
    /// Whether each field is directly above the next one.
    var areInOnePiece: Bool {
        zip(self, dropFirst()).allSatisfy { $0.shift == $1.highestBit + 1 }
    }
}
