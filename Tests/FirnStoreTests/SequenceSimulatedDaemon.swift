import FirnTestSupport
import Testing

@testable import FirnStore

/// Drives a keeper as a daemon does: calls come, wait and are retried in their order; one block at a time is under way,
/// and its store call happens some steps after it was asked for, its answer some steps after that.
struct SequenceSimulatedDaemon {
    struct Waiting {
        var count: UInt32
        var wait: SequenceWait
        var begun: Int
    }

    struct Order {
        var count: UInt64
        var doubt: SequenceDoubt?
        var dueStep: Int
        /// Whether it is in a batch, and not answered.
        var isBegun = false
        var outcome: SequenceBlockOutcome?
    }

    let name: String
    let claims: SequenceClaims
    let parameters: SequenceParameters
    var keeper: SequenceKeeper
    var order: Order?
    var waiting: [Waiting] = []
    var last: UInt64 = 0

    init(
        _ claims: SequenceClaims,
        _ parameters: SequenceParameters,
        _ configuration: SequenceKeeper.Configuration,
        seed: UInt64,
        name: String = "a"
    ) {
        self.name = name
        self.claims = claims
        self.parameters = parameters
        keeper = SequenceKeeper(configuration: configuration, jitterSeed: seed)
    }

    /// What it would lose if it died now: what is held, and a block that is stored but not answered.
    var atStake: UInt64 {
        if case .taken(let block)? = order?.outcome { keeper.heldCount + block.values.count } else { keeper.heldCount }
    }

    mutating func call(_ count: UInt32, step: Int, now: Int64, _ ledger: inout SequenceLedger, delay: Int) {
        let (outcome, action) = keeper.take(count, now: now)
        tell(outcome, to: Waiting(count: count, wait: SequenceWait(round: 0), begun: step), &ledger)
        perform(action, dueStep: step + delay)
    }

    /// Lets the store call happen, or its answer come, if it is time.
    mutating func work(
        step: Int,
        now: Int64,
        _ ledger: inout SequenceLedger,
        delay: Int,
        random: inout SeededGenerator
    ) {
        if let reservation = begin(step: step) {
            var batch = SequenceBatch<Void>()
            batch.add(reservation, for: ())
            var answered: [SequenceBatch<Void>.Answered] = []
            while answered.isEmpty { answered = batch.write(claims, using: &random) + batch.read(claims) }
            answer(answered[0].outcome, dueStep: step + delay)
        } else {
            deliver(step: step, now: now, &ledger, delay: delay)
        }
    }

    /// The reservation that is to be made now.
    mutating func begin(step: Int) -> SequenceReservation? {
        guard let order, step >= order.dueStep, order.outcome == nil, !order.isBegun else { return nil }
        self.order?.isBegun = true
        return SequenceReservation(
            name,
            count: order.count,
            for: .tickets,
            orCreate: parameters,
            after: order.doubt,
            newest: keeper.lastWritten
        )
    }

    /// The reservation was made, or could not be; the daemon uses that some steps later.
    mutating func answer(_ outcome: SequenceBlockOutcome, dueStep: Int) {
        order?.outcome = outcome
        order?.dueStep = dueStep
    }

    /// Lets the answer come, if it is time.
    mutating func deliver(step: Int, now: Int64, _ ledger: inout SequenceLedger, delay: Int) {
        guard let due = order, step >= due.dueStep, let outcome = due.outcome else { return }
        order = nil
        #expect(throws: Never.self, "it is remembered before it is used") { try claims.journal?.persist() }
        perform(keeper.blockAnswered(outcome, now: now), dueStep: step + delay)
        let retried = waiting
        waiting = []
        for call in retried {
            let (outcome, action) = keeper.take(call.count, after: call.wait, now: now)
            tell(outcome, to: call, &ledger)
            perform(action, dueStep: step + delay)
        }
    }

    /// A clean stop, once no block is under way.
    mutating func giveBack(random: inout SeededGenerator) -> SequenceReturnOutcome? {
        keeper.rest().map { claims.giveBack($0, using: &random) }
    }

    private mutating func perform(_ action: SequenceAction, dueStep: Int) {
        guard case .takeBlock(let count, let doubt) = action else { return }
        precondition(order == nil, "one block at a time")
        order = Order(count: count, doubt: doubt, dueStep: dueStep)
    }

    private mutating func tell(_ outcome: SequenceOutcome, to call: Waiting, _ ledger: inout SequenceLedger) {
        switch outcome {
        case .taken(let first, let second):
            let runs = [first] + (second.map { [$0] } ?? [])
            if runs.reduce(0, { $0 + $1.count }) != UInt64(call.count) { ledger.violations.append("not all: \(runs)") }
            for run in runs {
                if run.first <= last { ledger.violations.append("\(run) does not rise above \(last)") }
                last = run.last
                ledger.gave(run, begun: call.begun)
            }
        case .wait(let wait):
            waiting.append(Waiting(count: call.count, wait: wait, begun: call.begun))
        case .failed: ledger.failures += 1
        case .exhausted: ledger.exhaustions += 1
        case .unknown, .otherUse: ledger.violations.append("\(outcome)")
        }
    }
}

/// Every value that anybody was given.
struct SequenceLedger {
    let progression: SequenceProgression
    var given: Set<UInt64> = []
    var violations: [String] = []
    var highest: UInt64 = 0
    var failures = 0
    var exhaustions = 0
    /// The highest value of all calls that ended before each step.
    var highestBefore: [UInt64] = [0]
    var isStrict = false

    mutating func began(_ step: Int) {
        while highestBefore.count <= step { highestBefore.append(highest) }
    }

    mutating func gave(_ run: SequenceRun, begun: Int) {
        highest = max(highest, run.last)
        for index in 0..<run.count {
            let value = run.first + index * run.increment
            if !given.insert(value).inserted { violations.append("\(value) was given twice") }
        }
        if run.increment != progression.increment || run.first % run.increment != progression.offset {
            violations.append("\(run) is of another class")
        }
        if run.last > progression.maximum { violations.append("\(run) is past the maximum") }
        if isStrict, run.first <= highestBefore[begun] {
            violations.append("\(run) is not above \(highestBefore[begun]), given before its call began")
        }
    }
}
