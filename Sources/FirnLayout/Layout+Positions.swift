// Code that runs once for each ID or run. A position out of range would overflow into another field and give an ID of
// another worker, so the preconditions are also checked in release builds.
extension Layout {
    /// Makes the ID at a position of a worker.
    ///
    /// For one worker, a higher position gives a higher ID. Two different pairs of position and worker never give the
    /// same ID.
    ///
    /// - Parameters:
    ///   - position: The tick, shifted left by ``sequenceBits``, with the sequence number in the low bits. Traps if it
    ///     is above ``maximumPosition``.
    ///   - worker: The worker's number. Traps if it is above ``maximumWorker``.
    /// - Precondition: The layout has no ``mintingObstacle``.
    @inlinable
    public func makeID(position: UInt64, worker: UInt64) -> FirnID {
        precondition(hasPositions, "a layout with a minting obstacle has no positions")
        precondition(position <= maximumPosition, "the position is past the layout's end")
        precondition(worker <= maximumWorker, "the worker does not fit in its field")
        let tick = position &>> UInt64(truncatingIfNeeded: sequenceBits)
        let sequence = position & sequenceMask
        return FirnID(
            rawValue: tick &<< timeShift | worker &<< workerShift | sequence &<< sequenceShift | constantBits
        )
    }

    /// Makes the IDs at `count` positions of a worker, from `position` on; element i is
    /// `makeID(position: position + i, …)`.
    ///
    /// Traps where ``makeID(position:worker:)`` would, if the count is 0, and if the positions are not all in one tick
    /// (with a worker field, the IDs of adjacent ticks are not adjacent).
    ///
    /// - Precondition: The layout has no ``mintingObstacle``.
    @inlinable
    public func makeRun(position: UInt64, count: UInt32, worker: UInt64) -> Run {
        precondition(count >= 1, "a run has at least one ID")
        precondition(UInt64(count - 1) <= sequenceMask - (position & sequenceMask), "a run's positions are of one tick")
        return Run(first: makeID(position: position, worker: worker), count: count, stride: runStride)
    }

    /// The position that an ID of this layout was made at; unused and constant bits and the worker are
    /// ignored.
    ///
    /// - Precondition: The layout has no ``mintingObstacle``.
    @inlinable
    public func position(of id: FirnID) -> UInt64 {
        precondition(hasPositions, "a layout with a minting obstacle has no positions")
        let tick = id.rawValue &>> timeShift & maximumTick
        let sequence = id.rawValue &>> sequenceShift & sequenceMask
        return tick &<< UInt64(truncatingIfNeeded: sequenceBits) | sequence
    }

    /// The worker that made an ID of this layout, all parts put together; 0 without a worker field.
    @inlinable
    public func worker(of id: FirnID) -> UInt64 {
        isWorkerInOnePiece ? id.rawValue &>> workerShift & maximumWorker : gatheredWorker(of: id)
    }
}
