import FirnTestSupport

/// The faults of calls to the store that are set at this moment, and how many of each kind there were.
struct FaultCounts {
    /// How many calls of all processes are yet to be hit.
    private var answersToLose = 0
    private var requestsToLose = 0
    private var writesToDelay = 0
    private var callsToRefuse = 0
    private var slowCalls = 0
    private var delay: Int64 = 0
    /// While false, nothing is drawn either.
    var isFaulty = true
    /// How many faults of each kind were injected.
    private(set) var injected: [FaultKind: Int] = [:]

    mutating func note(_ kind: FaultKind) { injected[kind, default: 0] += 1 }

    mutating func set(_ kind: FaultKind, count: Int, delay: Int64 = 0) {
        switch kind {
        case .loseAnswers: answersToLose = count
        case .loseRequests: requestsToLose = count
        case .delayWrites: (writesToDelay, self.delay) = (count, delay)
        case .refuseCalls: callsToRefuse = count
        case .slowCalls: (slowCalls, self.delay) = (count, delay)
        default: break
        }
    }

    mutating func clear() {
        let counts = injected
        self = FaultCounts()
        isFaulty = false
        injected = counts
    }

    /// What becomes of the next call.
    mutating func nextFate(of process: SimulatedProcess, isWrite: Bool) -> CallFate {
        let now = process.world.now
        if now < process.requestsLostUntil { return .requestLost }
        if now < process.answersLostUntil { return .answerLost }
        if callsToRefuse > 0 {
            callsToRefuse -= 1
            return .refused
        }
        if isWrite, writesToDelay > 0 {
            writesToDelay -= 1
            return .late(Int64.random(in: 0...max(1, delay), using: &process.random))
        }
        if answersToLose > 0 {
            answersToLose -= 1
            return .answerLost
        }
        if requestsToLose > 0 {
            requestsToLose -= 1
            return .requestLost
        }
        if slowCalls > 0 {
            slowCalls -= 1
            return .answered(extra: Int64.random(in: 0...max(1, delay), using: &process.random))
        }
        return .answered(extra: 0)
    }
}
