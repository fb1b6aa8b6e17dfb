/// What is done to a run, at one moment.
struct Fault {
    var time: Int64
    var kind: FaultKind
    /// Which place, or which host, of those that there are.
    var target: Int
    /// A duration in nanoseconds, or a number.
    var amount: Int64
}

enum FaultKind: String, CaseIterable {
    // Processes.
    case kill, killInCall, stop, pause
    // Hosts.
    case suspendHost, freezeHost, stepClock, drift
    // Calls to the store.
    case loseAnswers, loseRequests, delayWrites, refuseCalls, slowCalls, cutRequests, cutAnswers
    // The store.
    case outage, copy, restore, exchange, repair
    // What is no fault, and changes what is going on.
    case rest
    // The state directory.
    case fillDisk, loseDisk

    static let ofProcesses: [FaultKind] = [.kill, .killInCall, .killInCall, .stop, .pause, .rest]
    static let ofHosts: [FaultKind] = [.suspendHost, .freezeHost, .stepClock, .stepClock, .drift]
    static let ofCalls: [FaultKind] = [
        .loseAnswers, .loseRequests, .delayWrites, .delayWrites, .refuseCalls, .slowCalls, .cutRequests, .cutAnswers,
        .outage,
    ]
    static let ofCopies: [FaultKind] = [.copy, .copy, .restore]

    /// As a sentence.
    func text(_ amount: Int64) -> String {
        let time = "\(amount / milliseconds) ms"
        return switch self {
        case .kill: "is killed"
        case .killInCall: "will be killed during its next call to the store"
        case .stop: "is told to stop"
        case .pause: "is paused for \(time)"
        case .suspendHost: "is suspended for \(time)"
        case .freezeHost: "and its clocks stand still for \(time)"
        case .stepClock: "has its wall clock set by \(time)"
        case .drift: "has a clock that is off by \(amount) millionths"
        case .loseAnswers: "loses the next \(amount) answers"
        case .loseRequests: "does not get the next \(amount) calls"
        case .delayWrites: "gets the next writes late"
        case .refuseCalls: "refuses the next \(amount) calls"
        case .slowCalls: "is slow"
        case .cutRequests: "does not reach the store for \(time)"
        case .cutAnswers: "gets no answers for \(time)"
        case .outage: "is down for \(time)"
        case .copy: "is copied"
        case .restore: "is restored from copy \(amount) before the last"
        case .exchange: "is another one for \(time)"
        case .repair: "is repaired"
        case .rest: "is not wanted for \(time)"
        case .fillDisk: "has a full disk for \(amount) writes"
        case .loseDisk: "loses its state directory"
        }
    }
}
