/// Tells IDs that are probably another system's: those that cannot be of a layout, and those with a time in the future or
/// before the system whose layout it is.
package struct IDDoubts: Sendable {
    private let layout: Layout
    private let now: UTCTime
    /// Ticks of times that can be.
    private let plausible: ClosedRange<UInt64>
    /// The unused and the constant bits.
    private let fixedBits: UInt64

    /// - Parameters:
    ///   - layout: The layout in which the IDs are read.
    ///   - now: The present, which times may be past by ``LayoutGuess/clockTolerance`` seconds.
    package init(layout: Layout, now: UTCTime) {
        self.layout = layout
        self.now = now
        let since = KnownLayout.equal(to: layout)?.since ?? layout.epoch
        let earliest = layout.tick(atUnixNanoseconds: since.unixNanoseconds) ?? 0
        let latest = UTCTime(unixSeconds: now.unixSeconds + LayoutGuess.clockTolerance, nanosecond: now.nanosecond)
        let last = layout.tick(atUnixNanoseconds: latest.unixNanoseconds) ?? 0
        plausible = earliest...max(earliest, last)
        fixedBits = layout.fields.reduce(0) { bits, field in
            field.kind == .unused || field.kind == .constant ? bits | field.mask : bits
        }
    }

    /// Whether the ID is probably another system's. It costs much less than the reason.
    package func isDoubtful(_ id: FirnID) -> Bool {
        guard id.rawValue & fixedBits == layout.constantBits else { return true }
        guard let time = layout.decode(id).time else { return false }
        return !plausible.contains(time)
    }

    /// What speaks against an ID, as the rest of a sentence whose subject is the ID; nil if nothing does.
    package func reason(against id: FirnID) -> String? {
        guard isDoubtful(id) else { return nil }
        let decoded = layout.decode(id)
        if let misfit = decoded.misfit { return "cannot be of it: \(misfit)" }
        guard let utc = decoded.utc else { return nil }
        return "is of \(utc), \(utc > now ? "in the future" : "before that layout was in use")"
    }

    /// The same as a sentence with what to do; nil if nothing speaks against the ID.
    package func hint(on id: FirnID) -> String? {
        reason(against: id).map {
            "Read as \(layout.name), \(id) \($0). Is it another system's? A guess tells whose: firn decode --guess, or "
                + "layout=guess over HTTP."
        }
    }
}
