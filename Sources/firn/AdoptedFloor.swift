internal import FirnLayout

/// From when on a layout's IDs are all above what another system has given out.
struct AdoptedFloor {
    /// The first tick of the store's layout that may be given out.
    let tick: UInt64
    /// The ID that it is above.
    let id: FirnID

    /// - Parameters:
    ///   - ids: the highest IDs that the other system gave out, at least one.
    ///   - layout: the other system's; then the time of its IDs counts as well as their size. nil: their size alone.
    ///   - target: the store's layout, which is one that can be minted: a higher time makes a higher ID.
    /// - Throws: ``Refusal`` when no ID of the store's layout is above them, or an ID is none of `layout`.
    init(above ids: [FirnID], of layout: Layout?, in target: Layout) throws(Refusal) {
        var highest: AdoptedFloor?
        for id in ids {
            var tick = try Self.tick(above: id, in: target)
            if let layout { tick = max(tick, try Self.tick(after: id, of: layout, in: target)) }
            guard highest.map({ tick > $0.tick }) ?? true else { continue }
            highest = AdoptedFloor(tick: tick, id: id)
        }
        guard let highest else { preconditionFailure("there is an ID that the floor is above") }
        self = highest
    }

    private init(tick: UInt64, id: FirnID) {
        (self.tick, self.id) = (tick, id)
    }

    /// The first tick whose IDs are all above a number.
    private static func tick(above id: FirnID, in target: Layout) throws(Refusal) -> UInt64 {
        func lowestID(_ tick: UInt64) -> UInt64 { tick << target.timeShift | target.constantBits }
        guard lowestID(target.maximumTick) > id.rawValue else {
            throw Refusal(
                message: "The ID \(id)\(signed(id)) is above all IDs of the layout \(target.name) up to its end: give "
                    + "the store's daemons another layout.",
                exitCode: .usage
            )
        }
        var (low, high): (UInt64, UInt64) = (0, target.maximumTick)
        while low < high {
            let middle = low + (high - low) / 2
            if lowestID(middle) > id.rawValue { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// What the ID is in a signed column, where that is another number.
    private static func signed(_ id: FirnID) -> String {
        let number = Int64(bitPattern: id.rawValue)
        return number < 0 ? " (\(number) in a signed column)" : ""
    }

    /// The first tick that begins when the tick of another layout's ID has ended, or later.
    private static func tick(after id: FirnID, of layout: Layout, in target: Layout) throws(Refusal) -> UInt64 {
        let decoded = layout.decode(id)
        guard decoded.fitsLayout else {
            throw Refusal(
                message: "The ID \(id) is none of the layout \(layout.name): its unused or constant bits differ "
                    + "(firn decode --guess \(id)).",
                exitCode: .usage
            )
        }
        guard let time = decoded.time else { return 0 }
        let end = layout.time(ofTick: time == .max ? time : time + 1)
        guard let tick = target.tick(atUnixNanoseconds: end.unixNanoseconds) else { return 0 }
        return target.time(ofTick: tick) < end ? tick + 1 : tick
    }
}
