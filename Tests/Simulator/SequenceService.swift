import FirnStore
import FirnTestSupport

/// A daemon's named sequences: the real keepers and batches, with a thread that calls the store, and calls for values.
final class SequenceService {
    /// A call that waits for a block.
    private struct Call {
        var count: UInt32
        var wait: SequenceWait
    }

    /// Sendable, because a simulation runs on one thread.
    private final class Entry: @unchecked Sendable {
        let name: String
        var keeper: SequenceKeeper
        var waiting: [Call] = []
        /// Of one daemon, values rise.
        var last: UInt64 = 0

        init(_ name: String, _ keeper: SequenceKeeper) {
            self.name = name
            self.keeper = keeper
        }
    }

    private struct Order {
        var entry: Entry
        var count: UInt64
        var doubt: SequenceDoubt?
    }

    private unowned(unsafe) let daemon: Daemon
    private let claims: SequenceClaims
    private let giver: Giver
    private var entries: [Entry] = []
    private var orders: [Order] = []
    private var fiber: Fiber?

    /// More calls than that are not made at once.
    private static let maximumWaiting = 16

    init(of daemon: Daemon, claims: SequenceClaims, giver: Giver) {
        self.daemon = daemon
        self.claims = claims
        self.giver = giver
    }

    func start() {
        fiber = daemon.spawn { [unowned self] fiber in work(fiber) }
        scheduleCall()
    }

    /// What the renewer tells, as in `firnd`.
    func storeSetBack() {
        for entry in entries { entry.keeper.storeSetBack() }
    }

    // MARK: - Calls

    private func scheduleCall() {
        let delay = Int64.random(in: 0...(800 * milliseconds), using: &daemon.random)
        daemon.world.after(delay) { [self, daemon] in daemon.whenRunning { self.call() } }
    }

    private func call() {
        guard daemon.isAlive else { return }
        let entry = entry(for: daemon.random.oneIn(3) ? "strict" : "a")
        if entry.waiting.count < Self.maximumWaiting {
            let count = 1 + UInt32(truncatingIfNeeded: daemon.random.number(upTo: 300))
            take(count, after: nil, from: entry)
        }
        scheduleCall()
    }

    private func entry(for name: String) -> Entry {
        if let entry = entries.first(where: { $0.name == name }) { return entry }
        var configuration = SequenceKeeper.Configuration()
        if name == "strict" { configuration.fixedBlock = 1 }
        let entry = Entry(name, SequenceKeeper(configuration: configuration, jitterSeed: daemon.random.next()))
        entries.append(entry)
        return entry
    }

    private func take(_ count: UInt32, after wait: SequenceWait?, from entry: Entry) {
        let now = daemon.host.bootNanoseconds()
        let (outcome, action) = entry.keeper.take(count, after: wait, now: now)
        perform(action, of: entry)
        switch outcome {
        case .taken(let first, let second):
            let runs = [first] + (second.map { [$0] } ?? [])
            if runs.reduce(0, { $0 + $1.count }) != UInt64(count) {
                daemon.world.violated("promise 6: \(giver.name) gave \(runs) of \(entry.name) for \(count) values")
            }
            for run in runs {
                if run.first <= entry.last {
                    daemon.world.violated(
                        "promise 4: \(giver.name) gave \(run.first) of \(entry.name) after \(entry.last)"
                    )
                }
                entry.last = run.last
                daemon.cluster.judge.values.gave(run, of: entry.name, by: giver)
            }
            daemon.lastValue = daemon.world.now
        case .wait(let wait): entry.waiting.append(Call(count: count, wait: wait))
        case .failed, .exhausted: break
        case .unknown, .otherUse: daemon.world.violated("\(giver.name) does not find the sequence \(entry.name)")
        }
    }

    private func perform(_ action: SequenceAction, of entry: Entry) {
        guard case .takeBlock(let count, let doubt) = action else { return }
        orders.append(Order(entry: entry, count: count, doubt: doubt))
        fiber?.ring()
    }

    // MARK: - The thread

    /// As `SequenceThread` does it.
    private func work(_ fiber: Fiber) {
        var batch = SequenceBatch<Entry>()
        var random = ProcessRandom(of: daemon)
        while daemon.isAlive {
            for order in orders { batch.add(reservation(for: order), for: order.entry) }
            orders = []
            if batch.isEmpty {
                fiber.waitForBell(nanoseconds: .max / 4)
                continue
            }
            give(batch.write(claims, using: &random))
            give(batch.read(claims))
        }
    }

    private func reservation(for order: Order) -> SequenceReservation {
        SequenceReservation(
            order.entry.name,
            count: order.count,
            for: .tickets,
            orCreate: .plain,
            after: order.doubt,
            newest: order.entry.keeper.lastWritten
        )
    }

    private func give(_ answered: [SequenceBatch<Entry>.Answered]) {
        guard daemon.isAlive, !answered.isEmpty else { return }
        try? claims.journal?.persist()
        for (entry, outcome) in answered {
            perform(entry.keeper.blockAnswered(outcome, now: daemon.host.bootNanoseconds()), of: entry)
            let waiting = entry.waiting
            entry.waiting = []
            for call in waiting { take(call.count, after: call.wait, from: entry) }
            if entry.keeper.heldCount > 2_000_000 {
                daemon.world.violated(
                    "promise 7: \(giver.name) holds \(entry.keeper.heldCount) values of \(entry.name)"
                )
            }
        }
    }
}
