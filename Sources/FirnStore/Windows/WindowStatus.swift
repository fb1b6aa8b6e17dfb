/// The status of a ``WindowKeeper``, for the ready probe and the log.
package enum WindowStatus: Hashable, Sendable {
    /// Has no worker yet. The error is the store's last one, if it was the reason.
    case claiming(StoreError?)
    /// The fixed worker is taken, by this holder, at least until this tick unless it is given back.
    case workerTaken(by: Holder, untilTick: UInt64)
    /// All workers are taken. nil: this daemon itself has them, or they are reserved.
    case noWorkerFree(freeAtTick: UInt64?, TakenWorkers)
    /// The fixed worker was used up to this tick by a holder whose clock was ahead.
    case workerUsedAhead(worker: UInt32, untilTick: UInt64)
    /// The fixed worker is kept from all daemons, for what an operator said.
    case workerReserved(worker: UInt32, purpose: String)
    /// An operator raised the store's floor, and nothing below this tick may be given out.
    case belowFloor(untilTick: UInt64)
    /// Can give out IDs. With an error, only until the limit, unless the store becomes available again.
    case serving(worker: UInt32, limit: UInt64, StoreError?)
    /// Has a worker whose window is not extended until IDs are wanted. The limit may have passed.
    case resting(worker: UInt32, limit: UInt64)
    /// Has a worker whose window has passed, and the store does not answer.
    case windowEnded(worker: UInt32, limit: UInt64, StoreError?)
    case layoutEnded
    case stopping
    case stopped

    /// The status after a claim that was answered without a worker; nil: one was claimed, or may have been.
    package init?(refused outcome: ClaimOutcome) {
        switch outcome {
        case .claimed, .inDoubt: return nil
        case .held(let holder, let untilTick): self = .workerTaken(by: holder, untilTick: untilTick)
        case .noneFree(let freeAtTick, let taken): self = .noWorkerFree(freeAtTick: freeAtTick, taken)
        case .usedAhead(let worker, let untilTick): self = .workerUsedAhead(worker: worker, untilTick: untilTick)
        case .reserved(let worker, let purpose): self = .workerReserved(worker: worker, purpose: purpose)
        case .belowFloor(let untilTick): self = .belowFloor(untilTick: untilTick)
        case .layoutEnded: self = .layoutEnded
        }
    }

    /// Whether no worker is held any more, because the store is not the one that granted it, or was set back.
    package var isStoreLost: Bool {
        switch self {
        case .claiming(let error?), .windowEnded(_, _, let error?): error.isOfAnotherStore
        default: false
        }
    }
}
