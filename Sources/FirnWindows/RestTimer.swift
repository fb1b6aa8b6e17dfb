internal import FirnEngine

/// Tells when no IDs have been taken or wanted for so long that the windows rest.
struct RestTimer {
    private let delay: Int64
    /// The position of each slot's space at the last step.
    private var positions: [UInt64?]
    /// When IDs were last seen to be taken or wanted, in boot nanoseconds.
    private var lastUse: Int64

    init(_ delay: Duration, slots: Int, now: Moment) {
        self.delay = delay.nanoseconds
        positions = Array(repeating: nil, count: slots)
        lastUse = now.bootNanoseconds
    }

    /// To be called at each step.
    ///
    /// - Parameters:
    ///   - positions: of each slot's space; `nil` where a slot has none.
    ///   - isWanted: whether a request waits for a window.
    mutating func isDue(positions: [UInt64?], isWanted: Bool, now: Moment) -> Bool {
        if isWanted || positions != self.positions { lastUse = now.bootNanoseconds }
        self.positions = positions
        return now.bootNanoseconds - lastUse >= delay
    }
}
