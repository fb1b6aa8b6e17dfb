internal import FirnEngine
internal import FirnLayout
package import FirnStore
internal import FirnWire
package import Logging
internal import Synchronization

/// The daemon's named sequences: durable counters without time, shared by all reactors.
///
/// Each has a ``SequenceKeeper`` behind a mutex, which gives out reserved values and decides when to reserve more. A
/// separate thread, started with the first sequence, reserves them, so that a reactor never waits for the disk. A call
/// that finds too few values waits in its thread's ``RequestScheduler``. When the store has answered, the threads with
/// such calls are notified.
package final class Sequences: Sendable {
    /// How sequences are kept.
    package struct Configuration: Sendable {
        package var keeper = SequenceKeeper.Configuration()
        /// Sequences must be created explicitly; the first use of an unknown name is refused.
        package var isExplicit = false
        /// How many are kept in memory. Beyond this number the least used ones are given back to the store.
        package var maximumSequences = 10_000

        package init() {}
    }

    /// The result of a request for values.
    enum Answer {
        /// Exactly as many as were requested.
        case taken(SequenceRun, SequenceRun?, SequenceKind)
        /// Try again, with this value, when the listener is notified that the store has answered.
        case wait(SequenceWait)
        case refused(Status)
    }

    /// A name with one of its two uses; the store knows which one exists.
    struct Key: Hashable {
        let name: Name
        let use: SequenceUse
    }

    /// One sequence in memory.
    final class Entry: Sendable {
        struct State {
            var keeper: SequenceKeeper
            var lastUsed: Int64 = 0
            /// It was given back and removed from the table. A caller that still has the entry looks up the name again.
            var isRetired = false
            /// The threads with calls that wait for the store's answer.
            var waiting: [ObjectIdentifier: any StoreListener] = [:]
        }

        let key: Key
        let state: Mutex<State>

        init(key: Key, keeper: SequenceKeeper) {
            self.key = key
            state = Mutex(State(keeper: keeper))
        }
    }

    let configuration: Configuration
    let claims: SequenceClaims
    let table = Mutex<[Key: Entry]>([:])
    private let thread: SequenceThread

    package init(claims: SequenceClaims, configuration: Configuration, logger: Logger) throws(ListenError) {
        self.claims = claims
        self.configuration = configuration
        thread = try SequenceThread(claims: claims, isExplicit: configuration.isExplicit, logger: logger)
    }

    /// `count` values of a sequence. May be called on any thread; never waits for the store.
    ///
    /// - Parameters:
    ///   - wait: what the previous attempt for the same call returned to wait for.
    ///   - now: boot nanoseconds.
    ///   - listener: notified when the store has answered, when the call has to wait.
    func take(_ count: UInt32, of key: Key, after wait: SequenceWait?, listener: any StoreListener, now: Int64)
        -> Answer
    {
        while true {
            guard let entry = entry(for: key) else { return .refused(Self.tooMany(configuration.maximumSequences)) }
            let (answer, action) = entry.state.withLock { state -> (Answer?, SequenceAction) in
                guard !state.isRetired else { return (nil, .none) }
                state.lastUsed = now
                let (outcome, action) = state.keeper.take(count, after: wait, now: now)
                if case .wait = outcome { state.waiting[ObjectIdentifier(listener)] = listener }
                return (Self.answer(outcome, kind: state.keeper.kind, key: key, count: count), action)
            }
            if case .takeBlock(let size, let doubt) = action {
                thread.post(.takeBlock(entry, count: size, after: doubt))
            }
            if let answer { return answer }
        }
    }

    /// Creates a sequence, or raises its start. `reply` gets the outcome.
    func create(_ description: SequenceDescription, _ reply: StoreReply) -> StoreReply {
        thread.post(.create(description, in: self, reply), for: reply)
        return reply
    }

    /// Lists the sequences after a name. `reply` gets them.
    func list(after name: Name?, _ reply: StoreReply) -> StoreReply {
        thread.post(.list(after: name, reply), for: reply)
        return reply
    }

    /// This daemon has raised a sequence's start. Reserved values below it become a gap.
    func startRaised(of name: Name, to start: UInt64) {
        let entries = table.withLock { table in
            [SequenceUse.tickets, .prefixes].compactMap { table[Key(name: name, use: $0)] }
        }
        for entry in entries { entry.state.withLock { $0.keeper.startRaised(to: start) } }
    }

    /// The store was set back, or is another one: what was reserved in it becomes a gap.
    package func storeSetBack() {
        for entry in table.withLock({ Array($0.values) }) { entry.state.withLock { $0.keeper.storeSetBack() } }
    }

    /// Gives back the values that were reserved and not given out, for many sequences at once, for `limit` at most and
    /// as long as the store answers. No values may be taken after this.
    ///
    /// - Returns: the number of sequences with values that were not given back and become a gap.
    package func stop(within limit: Duration) -> Int {
        let clock = SystemTimeSource()
        let deadline = clock.bootNanoseconds() + limit.nanoseconds
        thread.stop(within: limit)
        var rests: [SequenceRest] = []
        var lost = 0
        for entry in table.withLock({ Array($0.values) }) {
            entry.state.withLock { state in
                guard !state.isRetired else { return }
                if state.keeper.isTaking {
                    // Values of a reservation that was in progress when the thread ended cannot be given back.
                    if state.keeper.heldCount > 0 { lost += 1 }
                } else if let rest = state.keeper.rest() {
                    rests.append(rest)
                }
            }
        }
        let givenBack = Counter()
        NativeThread.forEach(
            below: rests.count,
            name: "sequences",
            within: .nanoseconds(deadline - clock.bootNanoseconds())
        ) { [rests, claims] number in
            var random = systemRandom()
            if case .failed = claims.giveBack(rests[number], using: &random) { return false }
            givenBack.value.wrappingAdd(1, ordering: .relaxed)
            return true
        }
        return lost + rests.count - givenBack.value.load(ordering: .relaxed)
    }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    private func entry(for key: Key) -> Entry? {
        let (entry, count) = table.withLock { table -> (Entry?, Int) in
            if let entry = table[key] { return (entry, 0) }
            // The thread makes room, and may be behind by this much.
            guard table.count < 2 * configuration.maximumSequences else { return (nil, 0) }
            let keeper = SequenceKeeper(configuration: configuration.keeper, jitterSeed: .random(in: 0...(.max)))
            let entry = Entry(key: key, keeper: keeper)
            table[key] = entry
            return (entry, table.count)
        }
        if count > configuration.maximumSequences { thread.post(.makeRoom(in: self)) }
        return entry
    }

    /// Gives the least used sequences back to the store. Called on the store's thread.
    func makeRoom() {
        let entries = table.withLock { Array($0.values) }
        let excess = entries.count - (configuration.maximumSequences - configuration.maximumSequences / 8)
        guard entries.count > configuration.maximumSequences else { return }
        let byUse = entries.map { (entry: $0, lastUsed: $0.state.withLock(\.lastUsed)) }.sorted {
            $0.lastUsed < $1.lastUsed
        }
        for (entry, _) in byUse.prefix(excess) {
            // With an unavailable store, trying all of them would delay the requests that wait for it. The next call
            // makes room again.
            guard giveBack(entry) else { return }
        }
    }

    /// - Returns: whether the store answered, as far as it was called.
    private func giveBack(_ entry: Entry) -> Bool {
        let rest = entry.state.withLock { state -> SequenceRest? in
            guard !state.keeper.isTaking, !state.isRetired else { return nil }
            state.isRetired = true
            return state.keeper.rest()
        }
        guard entry.state.withLock(\.isRetired) else { return true }
        _ = table.withLock { $0.removeValue(forKey: entry.key) }
        var random = systemRandom()
        guard let rest, case .failed = claims.giveBack(rest, using: &random) else { return true }
        return false
    }
}

extension Sequences {
    private static func answer(_ outcome: SequenceOutcome, kind: SequenceKind?, key: Key, count: UInt32) -> Answer {
        switch outcome {
        case .taken(let first, let second):
            guard let kind else { preconditionFailure("values come from a block, and a block has a kind") }
            return .taken(first, second, kind)
        case .wait(let wait):
            return .wait(wait)
        case .exhausted:
            return .refused(
                Status(
                    .failedPrecondition,
                    "the sequence \(key.name) has fewer than \(count) values left below its maximum; ask for fewer, or use another sequence"
                )
            )
        case .unknown:
            return .refused(
                Status(
                    .failedPrecondition,
                    "there is no sequence \(key.name), and this daemon makes none by itself (--sequences-explicit); "
                        + "create it with 'firn sequence create \(key.name)'"
                )
            )
        case .otherUse(let kind):
            let call = kind.use == .tickets ? "NextTickets" : "NewPrefix"
            return .refused(
                Status(
                    .failedPrecondition,
                    "the sequence \(key.name) is of the kind \(kind); ask for it with \(call), or use another name"
                )
            )
        case .failed(let error, let retryAfterNanoseconds):
            return .refused(
                Status(
                    .unavailable,
                    "no more values of \(key.name) could be reserved, and those there were are used up: \(error)",
                    retryAfterMilliseconds: UInt32(clamping: max(1, retryAfterNanoseconds / 1_000_000))
                )
            )
        }
    }

    private static func tooMany(_ maximum: Int) -> Status {
        Status(
            .resourceExhausted,
            "the daemon keeps \(maximum) sequences in memory and gives the least used back, but not this fast; try again, or raise --max-sequences",
            retryAfterMilliseconds: 100
        )
    }
}
