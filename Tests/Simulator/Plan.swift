import FirnLayout
import FirnTestSupport

/// All that decides a run: who takes part, and what is done to them. Made from a seed, and made smaller by the shrinker.
struct Plan {
    var seed: UInt64
    var layout: Layout
    var hosts: Int
    var daemons: Int
    var minters: Int
    var holders: Int
    var workersPerDaemon = 1
    var threadsPerDaemon: Int
    var fixedWorker: UInt32?
    var window: Int64
    var restAfter: Duration?
    var timing: StoreLink.Timing
    /// Between two wake-ups of a thread that takes IDs.
    var meanTurn: Int64
    var faults: [Fault]
    /// How long faults come.
    var duration: Int64
    /// By how much a clock may be wrong.
    var longestStep: Int64
    /// What is left out of the beginning places, by the shrinker.
    var leftOut: Set<Int> = []

    var hasSequences: Bool { seed % 2 == 1 }
    /// What is done to the store again and again; nil: no more than other faults.
    var focus: Focus? { seed % 3 == 0 ? (seed / 3 % 3 == 0 ? .exchanges : .restores) : nil }
    var hasExchange: Bool { faults.contains { [.exchange, .exchangeInCall].contains($0.kind) } }
    var hasLostDisk: Bool { faults.contains { $0.kind == .loseDisk } }
    var places: Int { daemons + minters + holders }
    /// Whether a daemon's highest grant is that of its last window: it has one worker, and leases none.
    var hasOneGrant: Bool { workersPerDaemon == 1 && holders == 0 }

    enum Focus { case restores, exchanges }

    /// The time in which everything has to work again after the last fault. No clock is ahead by more than the longest
    /// step; a dead holder's window, and a doubt, may last that much longer.
    var healing: Int64 { 2 * longestStep + 3 * window + 20 * seconds }

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed &* 0x9E37_79B9 &+ 7)
        func pick<Value>(_ values: [Value]) -> Value { values[Int(random.next() % UInt64(values.count))] }
        self.seed = seed
        let workerBits = pick([1, 2, 2, 3, 3, 4, 10])
        layout = Self.makeLayout(
            workerBits: workerBits,
            sequenceBits: pick([0, 2, 4, 8, 12, 12]),
            tick: pick([1, 1, 1, 4, 10, 100]) * milliseconds,
            isSequenceAbove: pick([true, false, false])
        )
        let room = 1 << workerBits
        hosts = pick([1, 2, 3, 4])
        daemons = min(room, pick([1, 2, 2, 3, 3, 4, 5]))
        minters = pick([0, 0, 0, 1, 2])
        holders = pick([0, 0, 1, 1, 2])
        threadsPerDaemon = pick([1, 2, 2, 3])
        fixedWorker = pick([false, false, false, false, false, true]) ? 0 : nil
        if fixedWorker == nil, room > 2 * daemons { workersPerDaemon = pick([1, 1, 1, 2]) }
        // Each has a worker, once the dead ones' windows have passed.
        minters = min(minters, room - daemons * workersPerDaemon)
        holders = min(holders, room - daemons * workersPerDaemon - minters)
        let isRemote = pick([false, false, true])
        window = isRemote ? pick([6, 12]) * seconds : 3 * seconds
        restAfter = pick([nil, nil, .seconds(4), .seconds(8)])
        let (remote, local) = (80 * milliseconds, 10 * milliseconds)
        timing =
            isRemote
            ? StoreLink.Timing(shortest: milliseconds, longest: remote, timeout: min(2 * seconds, window / 3))
            : StoreLink.Timing(shortest: milliseconds / 5, longest: local, timeout: seconds)
        meanTurn = pick([60, 120, 250]) * milliseconds
        duration = pick([20, 40, 60]) * seconds
        longestStep = pick([0, 2, 5, 10]) * seconds
        faults = []
        faults = makeFaults(&random)
    }

    private static func makeLayout(workerBits: Int, sequenceBits: Int, tick: Int64, isSequenceAbove: Bool) -> Layout {
        guard
            let layout = try? Layout(
                timeBits: 42,
                workerBits: workerBits,
                sequenceBits: sequenceBits,
                isSequenceAboveWorker: isSequenceAbove,
                tickNanoseconds: UInt64(tick),
                epochUnixMilliseconds: 1_700_000_000_000
            )
        else { preconditionFailure("the widths are within 64 bits") }
        return layout
    }

    /// Some seeds have faults of one kind, so that they are not hidden by those of others; most have many kinds.
    private func makeFaults(_ random: inout SeededGenerator) -> [Fault] {
        if let focus { return makeFaults(focus, &random) }
        let style = Int(random.next() % 8)
        var kinds: [FaultKind] =
            switch style {
            case 0: FaultKind.ofCalls
            case 1: FaultKind.ofProcesses
            case 2: FaultKind.ofHosts + [.kill]
            case 3: FaultKind.ofCalls + FaultKind.ofCopies + [.kill, .killInCall, .fillDisk]
            case 4: FaultKind.ofCopies + FaultKind.ofProcesses + FaultKind.ofCalls
            default: FaultKind.ofCalls + FaultKind.ofProcesses + FaultKind.ofHosts
            }
        if style == 4 || style == 6, random.oneIn(3) { kinds += [.exchange] }
        if style == 3, random.oneIn(3) { kinds += [.loseDisk] }
        let mean = [700, 1500, 3000][Int(random.next() % 3)] * milliseconds
        var faults: [Fault] = []
        var time = seconds
        var restores = 0
        while time < duration {
            let kind = kinds[Int(random.next() % UInt64(kinds.count))]
            if kind == .restore {
                restores += 1
                // After one, the operator repairs the store, and that is noticed by all before the next.
                if restores > 1 { kinds.removeAll { $0 == .restore } }
            }
            if kind != .restore || restores == 1 {
                faults.append(
                    Fault(time: time, kind: kind, target: Int(random.next() % 64), amount: amount(of: kind, &random))
                )
            }
            time += Int64.random(in: 0...(2 * mean), using: &random)
        }
        return faults
    }

    /// The store is restored or exchanged every few seconds, often in the middle of a call.
    private func makeFaults(_ focus: Focus, _ random: inout SeededGenerator) -> [Fault] {
        let kinds = focus == .restores ? FaultKind.ofRestores : FaultKind.ofExchanges
        let mean = [400, 800, 1500][Int(random.next() % 3)] * milliseconds
        var faults: [Fault] = []
        var time = 2 * seconds
        while time < duration {
            let kind = kinds[Int(random.next() % UInt64(kinds.count))]
            faults.append(
                Fault(time: time, kind: kind, target: Int(random.next() % 64), amount: amount(of: kind, &random))
            )
            time += Int64.random(in: 0...(2 * mean), using: &random)
        }
        return faults
    }

    private func amount(of kind: FaultKind, _ random: inout SeededGenerator) -> Int64 {
        func some(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
        switch kind {
        case .pause, .suspendHost, .freezeHost:
            // Often about as long as a window.
            return random.oneIn(2) ? some(window * 2 / 3...window * 2) : some(0...6 * seconds)
        case .stepClock: return longestStep == 0 ? 0 : some(-longestStep...longestStep)
        case .drift: return some(-20_000...20_000)
        case .loseAnswers, .loseRequests, .delayWrites: return some(1...4)
        case .refuseCalls: return some(1...8)
        case .slowCalls: return some(1...6)
        case .cutRequests, .cutAnswers, .outage: return some(100 * milliseconds...window * 2)
        case .restore: return some(0...Int64(focus == nil ? 3 : StoreServer.maximumCopies - 1))
        case .exchange: return some(seconds...8 * seconds)
        case .rest: return some(seconds...15 * seconds)
        case .fillDisk: return some(1...20)
        case .restoreInCall, .exchangeInCall, .repairInCall:
            let same: FaultKind =
                kind == .restoreInCall ? .restore : kind == .exchangeInCall ? .exchange : .repairAgain
            let amount = self.amount(of: same, &random)
            let kind = CallKind.allCases[Int(random.next() % UInt64(CallKind.allCases.count))]
            return CallMoment(kind: kind, isAfter: random.oneIn(2), amount: amount).number
        case .repairAgain: return some(-5 * seconds...3 * seconds)
        case .kill, .killInCall, .stop, .copy, .repair, .loseDisk, .denyWrites: return 0
        }
    }
}
