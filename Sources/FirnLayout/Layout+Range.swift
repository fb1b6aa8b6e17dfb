extension Layout {
    /// The lowest and the highest ID of any worker with a time in `start ..< end`, as for `WHERE id BETWEEN`.
    ///
    /// An ID's time is the start of its tick, as ``decode(_:)`` gives it. So adjacent ranges of time give ranges of IDs
    /// that neither overlap nor omit an ID, even if they meet within a tick.
    ///
    /// The time must be on top, with only unused and constant bits above it. Where it counts down, later times have lower
    /// IDs.
    ///
    /// IDs compare as unsigned numbers. In a signed 64-bit column, IDs of a layout without unused bits become negative
    /// in the second half of the layout's time.
    ///
    /// - Throws: ``LayoutError`` with code `.emptyRange` when the end is not after the start or no tick begins between
    ///   them, `.beforeEpoch`, `.pastEnd`, or `.noSuchField` for a layout without time or with another field above it.
    public func idRange(from start: UTCTime, to end: UTCTime) throws(LayoutError) -> ClosedRange<FirnID> {
        guard hasTime, let lastInstant else {
            throw LayoutError(.noSuchField, "The layout \(name) has no time: its IDs cannot be found by it.")
        }
        if let field = fieldAboveTime {
            throw LayoutError(
                .noSuchField,
                "The layout \(name) has the field \(field.name) above the time: the IDs of a range of time are not one range, "
                    + "but one for each \(field.name)."
            )
        }
        guard start < end else {
            throw LayoutError(
                .emptyRange,
                "The range from \(start) to \(end) is empty: give an end after the start; it is itself not in the range."
            )
        }
        guard start >= epoch else {
            throw LayoutError(
                .beforeEpoch,
                "The start \(start) is before the epoch of the layout \(name): give \(epoch) or later."
            )
        }
        guard start <= lastInstant, end <= lastInstant.advanced(byNanoseconds: 0, 1) else {
            let past = start > lastInstant ? "start \(start)" : "end \(end)"
            throw LayoutError(
                .pastEnd,
                "The \(past) is past the last instant of the layout \(name), \(lastInstant): give an earlier one."
            )
        }
        let tickBelow = lastTick(before: start)
        guard let highestTick = lastTick(before: end), highestTick != tickBelow else {
            throw LayoutError(
                .emptyRange,
                "No tick begins from \(start) to \(end): the layout \(name) has ticks of \(Self.shownTick(nanoseconds: tickNanoseconds)), "
                    + "give a range at least as long."
            )
        }
        let firstTick = tickBelow.map { $0 + 1 } ?? 0
        let ends = [firstTick, highestTick].map { timeBits(of: $0) | constantBits }
        // Constant fields below the time are the same in all IDs of it.
        let below = fields.filter { UInt64($0.shift) < timeShift && $0.kind != .constant }
        let lowerBits = below.reduce(0) { $0 | $1.mask }
        let (lowest, highest) = isDescending ? (ends[1], ends[0]) : (ends[0], ends[1])
        return FirnID(rawValue: lowest)...FirnID(rawValue: highest | lowerBits)
    }

    /// The highest field above the time that differs from ID to ID; nil when there is none.
    private var fieldAboveTime: BitField? {
        fields.first { $0.kind != .unused && $0.kind != .constant }.flatMap { $0.kind == .time ? nil : $0 }
    }

    /// The lowest and the highest ID with a time in a half-open range of milliseconds since 1970; see
    /// ``idRange(from:to:)``.
    public func idRange(
        fromUnixMilliseconds start: UInt64,
        to end: UInt64
    ) throws(LayoutError) -> ClosedRange<FirnID> {
        try idRange(from: UTCTime(unixMilliseconds: start), to: UTCTime(unixMilliseconds: end))
    }

    /// The lowest and the highest ID with a time in a half-open range of nanoseconds since 1970; see
    /// ``idRange(from:to:)``.
    public func idRange(
        fromUnixNanoseconds start: Int64,
        to end: Int64
    ) throws(LayoutError) -> ClosedRange<FirnID> {
        try idRange(from: UTCTime(unixNanoseconds: start), to: UTCTime(unixNanoseconds: end))
    }

    /// The last tick that begins before an instant; nil at the epoch. The instant is between the epoch and one
    /// nanosecond after the last instant, so the tick fits in 64 bits.
    private func lastTick(before instant: UTCTime) -> UInt64? {
        guard instant > epoch else { return nil }
        let second: Int64 = 1_000_000_000
        let (borrow, nanoseconds) = (instant.nanosecond - epoch.nanosecond).dividedRoundingDown(by: second)
        let seconds = UInt64(instant.unixSeconds - epoch.unixSeconds + borrow)
        let (high, low) = seconds.multipliedFullWidth(by: UInt64(second))
        let (sum, carried) = low.addingReportingOverflow(UInt64(nanoseconds))
        // One nanosecond is subtracted so that a tick that begins at the instant is not counted.
        let (elapsed, borrowed) = sum.subtractingReportingOverflow(1)
        return tickNanoseconds.dividingFullWidth((high + (carried ? 1 : 0) - (borrowed ? 1 : 0), elapsed)).quotient
    }
}
