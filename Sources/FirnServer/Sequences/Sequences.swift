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
            /// In boot nanoseconds. Set from the first: the store's thread may make room before the first call takes values.
            var lastUsed: Int64
            /// It was given back and removed from the table. A caller that still has the entry looks up the name again.
            var isRetired = false
            /// The threads with calls that wait for the store's answer.
            var waiting: [ObjectIdentifier: any StoreListener] = [:]
        }

        let key: Key
        let state: Mutex<State>

        init(key: Key, keeper: SequenceKeeper, now: Int64) {
            self.key = key
            state = Mutex(State(keeper: keeper, lastUsed: now))
        }
    }

    let configuration: Configuration
    let claims: SequenceClaims
    let table = Mutex<[Key: Entry]>([:])
    let thread: SequenceThread

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
            guard let entry = entry(for: key, now: now) else {
                return .refused(Self.tooMany(configuration.maximumSequences))
            }
            let (answer, action) = entry.state.withLock { state -> (Answer?, SequenceAction) in
                guard !state.isRetired else { return (nil, .none) }
                state.lastUsed = now
                let (outcome, action) = state.keeper.take(count, after: wait, now: now)
                if case .wait = outcome { state.waiting[ObjectIdentifier(listener)] = listener }
                return (Self.answer(outcome, kind: state.keeper.kind, key: key, count: count), action)
            }
            if case .takeBlock(let size, let doubt) = action {
                thread.post(SequenceThread.Order(entry: entry, count: size, doubt: doubt))
            }
            if let answer { return answer }
        }
    }

    /// Creates a sequence, or raises its start. `reply` gets the outcome.
    func create(_ description: SequenceDescription, _ reply: StoreReply) -> StoreReply {
        thread.post(.create(description, in: self, reply), in: .others, for: reply)
        return reply
    }

    /// Lists the sequences after a name. `reply` gets them.
    func list(after name: Name?, _ reply: StoreReply) -> StoreReply {
        thread.post(.list(after: name, reply), in: .others, for: reply)
        return reply
    }

    /// Runs `answer`, which calls the store, on the store's thread. `reply` gets its outcome.
    func atStore(
        _ reply: StoreReply,
        in line: JobLines<SequenceThread.Job>.Line = .others,
        _ answer: @escaping @Sendable () -> StoreReply.Content
    ) -> StoreReply {
        thread.post(.answer(answer, reply), in: line, for: reply)
        return reply
    }

    /// Runs `work`, which gives a lease back, on the store's thread.
    func giveBack(_ work: @escaping @Sendable () -> Void) { thread.postGivingBack(work) }

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

    private func entry(for key: Key, now: Int64) -> Entry? {
        let (entry, count) = table.withLock { table -> (Entry?, Int) in
            if let entry = table[key] { return (entry, 0) }
            // The thread makes room, and may be behind by this much.
            guard table.count < 2 * configuration.maximumSequences else { return (nil, 0) }
            let keeper = SequenceKeeper(configuration: configuration.keeper, jitterSeed: .random(in: 0...(.max)))
            let entry = Entry(key: key, keeper: keeper, now: now)
            table[key] = entry
            return (entry, table.count)
        }
        if count > configuration.maximumSequences { thread.postRoom(in: self) }
        return entry
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
