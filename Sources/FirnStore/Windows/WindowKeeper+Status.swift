extension WindowKeeper {
    /// The status at this tick.
    package func status(now: UInt64) -> WindowStatus {
        if case .stopped = state { return .stopped }
        if isStopping { return .stopping }
        switch state {
        case .opening(let held), .holding(let held, _):
            if now > configuration.maximumTick { return .layoutEnded }
            if isResting { return .resting(worker: held.worker, limit: held.limit) }
            return now < held.limit
                ? .serving(worker: held.worker, limit: held.limit, lastError)
                : .windowEnded(worker: held.worker, limit: held.limit, lastError)
        default:
            return refusal ?? .claiming(lastError)
        }
    }
}
