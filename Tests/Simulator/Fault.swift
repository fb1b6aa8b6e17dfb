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
    // The same, in the middle of a call: just before the store does it, or just after.
    case restoreInCall, exchangeInCall, repairInCall
    // A repair of a store that needs none, and a daemon in front of the store, which says that it was set back.
    case repairAgain, denyWrites
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
    /// Those of a store that is restored again and again, while daemons die, start and claim.
    static let ofRestores: [FaultKind] = [
        .restore, .restoreInCall, .restoreInCall, .repairInCall, .repairAgain, .denyWrites, .kill, .kill, .killInCall,
        .stop,
        .loseAnswers, .delayWrites, .cutAnswers, .pause, .stepClock,
    ]
    /// Those of a store that is exchanged again and again, while writes are in doubt.
    static let ofExchanges: [FaultKind] = [
        .exchange, .exchangeInCall, .loseAnswers, .loseAnswers, .cutAnswers, .delayWrites, .killInCall, .pause,
    ]
    /// They change the store while a call is made.
    static let inCalls: [FaultKind] = [.restoreInCall, .exchangeInCall, .repairInCall]

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
        case .restoreInCall: "is to be restored \(CallMoment(amount).text)"
        case .exchangeInCall: "is to be another one \(CallMoment(amount).text)"
        case .repairInCall: "is to be repaired \(CallMoment(amount).text)"
        case .repairAgain: "gets its floor raised to \(time) from now"
        case .denyWrites: "is said to be set back, if it is"
        case .rest: "is not wanted for \(time)"
        case .fillDisk: "has a full disk for \(amount) writes"
        case .loseDisk: "loses its state directory"
        }
    }
}

/// What a call to the store is made for, as far as faults tell calls apart.
enum CallKind: Int64, CaseIterable {
    case readFloor, readLayout, readVersion, readWorkers, writeWorker, readSequence, writeSequence, other
}

/// A moment in a call of some kind, and how much there is to be done at it; in one number, as of a fault.
struct CallMoment {
    var kind: CallKind
    /// After the store has done it, and before its answer; else just before the store does it.
    var isAfter: Bool
    var amount: Int64

    init(kind: CallKind, isAfter: Bool, amount: Int64) {
        (self.kind, self.isAfter, self.amount) = (kind, isAfter, amount)
    }

    init(_ number: Int64) {
        kind = CallKind(rawValue: number & 7) ?? .other
        isAfter = number & 8 != 0
        amount = number >> 4
    }

    var number: Int64 { amount << 4 | (isAfter ? 8 : 0) | kind.rawValue }

    var text: String { "just \(isAfter ? "after" : "before") the next \(kind)" }
}
