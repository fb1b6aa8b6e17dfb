// What runs once for each ID or run. A position out of range would spill into another field and so make somebody else's
// ID, so the preconditions are there in release builds too.
extension Layout {
    /// Makes the ID at a position of a worker.
    ///
    /// Of one worker, a higher position gives a higher ID; two pairs of position and worker never give the same one.
    ///
    /// - Parameters:
    ///   - position: The tick, shifted left by ``sequenceBits``, and the sequence number in the bits below; up to
    ///     ``maximumPosition``, or this traps.
    ///   - worker: Up to ``maximumWorker``, or this traps.
    /// - Precondition: The layout has time.
    @inlinable
    public func makeID(position: UInt64, worker: UInt64) -> FirnID {
        precondition(hasTime, "a layout without time has no positions")
        precondition(position <= maximumPosition, "the position is past the layout's end")
        precondition(worker <= maximumWorker, "the worker does not fit in its field")
        let tick = position &>> UInt64(truncatingIfNeeded: sequenceBits)
        let sequence = position & sequenceMask
        return FirnID(rawValue: tick &<< timeShift | worker &<< workerShift | sequence &<< sequenceShift)
    }

    /// Makes the IDs at `count` positions of a worker, from `position` on; element i is
    /// `makeID(position: position + i, …)`.
    ///
    /// Traps where ``makeID(position:worker:)`` would, when the count is 0, and when the positions are not all of one tick
    /// (with a worker field the IDs of neighbouring ticks are not neighbours).
    ///
    /// - Precondition: The layout has time.
    @inlinable
    public func makeRun(position: UInt64, count: UInt32, worker: UInt64) -> Run {
        precondition(count >= 1, "a run has at least one ID")
        precondition(UInt64(count - 1) <= sequenceMask - (position & sequenceMask), "a run's positions are of one tick")
        return Run(first: makeID(position: position, worker: worker), count: count, stride: runStride)
    }

    /// The position that an ID of this layout was made at; unused bits and the worker are not looked at.
    ///
    /// - Precondition: The layout has time.
    @inlinable
    public func position(of id: FirnID) -> UInt64 {
        precondition(hasTime, "a layout without time has no positions")
        let tick = id.rawValue &>> timeShift & maximumTick
        let sequence = id.rawValue &>> sequenceShift & sequenceMask
        return tick &<< UInt64(truncatingIfNeeded: sequenceBits) | sequence
    }

    /// The worker that made an ID of this layout; 0 without a worker field.
    @inlinable
    public func worker(of id: FirnID) -> UInt64 {
        id.rawValue &>> workerShift & maximumWorker
    }
}
