internal import FirnEngine
internal import FirnStore
internal import FirnWindows
internal import FirnWire
internal import Logging
internal import Synchronization

/// The thread that reserves blocks of sequences, and makes all other calls to the store for sequences, for leases and for
/// daemons that have this one for their store. It starts with the first such call.
///
/// **Blocks** are reserved in batches. What waits when a call to the store ends shares the next one, so the number of
/// calls does not depend on the number of sequences. There is one call at a time. So a slow store has no more calls in
/// progress for more sequences, a batch grows with the time that a call takes, and a sequence waits for two calls at
/// most before its own: a write, and a read for others. Several calls at once would only make batches smaller. A
/// reservation that needs further calls, because other daemons wrote its record or an answer was lost, takes part in
/// later ones and keeps no other waiting.
///
/// **Creations, lists and leases** are made one by one, some between any two batches, in the order of ``JobLines``.
///
/// What was written is recorded in the journal, apart from the store, before its values are used. Answers are held back
/// until then.
final class SequenceThread: Sendable {
    /// A block that a keeper has requested.
    struct Order: Sendable {
        let entry: Sequences.Entry
        let count: UInt64
        let doubt: SequenceDoubt?
    }

    enum Job: Sendable {
        case create(SequenceDescription, in: Sequences, StoreReply)
        case list(after: Name?, StoreReply)
        /// Of a lease, or for another daemon.
        case answer(@Sendable () -> StoreReply.Content, StoreReply)
        /// A call that nobody waits for.
        case perform(@Sendable () -> Void)
        case makeRoom(in: Sequences)
    }

    /// Reports the outcome of a job.
    typealias Answer = () -> Void

    /// There is one block per sequence, and the number of sequences is limited. Callers have a limit of their own,
    /// because a call may time out long before its job's turn.
    private struct Queue {
        var orders: [Order] = []
        var jobs = JobLines<Job>()
        var thread: NativeThread?
        /// Set when the thread has to end: the latest time for that, in boot nanoseconds.
        var stopBy: Int64?
        /// Whether a job to make room is queued.
        var makesRoom = false

        /// Orders are taken in the sequence in which they came.
        mutating func takeOrders(_ most: Int) -> [Order] {
            let taken = Array(orders.prefix(most))
            orders.removeFirst(taken.count)
            return taken
        }

        mutating func takeJob() -> (job: Job, line: JobLines<Job>.Line)? {
            guard let taken = jobs.take() else { return nil }
            if case .makeRoom = taken.job { makesRoom = false }
            return taken
        }
    }

    let claims: SequenceClaims
    let isExplicit: Bool
    let logger: Logger
    let clock = SystemTimeSource()
    private let queue = Mutex(Queue())
    private let journalError = Mutex<StoreError?>(nil)
    private let wakeup: Wakeup

    /// How long an answer is held back for later ones, to be recorded with them: about one sync of a disk.
    private static let maximumGathering: Int64 = 5_000_000

    init(claims: SequenceClaims, isExplicit: Bool, logger: Logger) throws(ListenError) {
        self.claims = claims
        self.isExplicit = isExplicit
        self.logger = logger
        wakeup = try Wakeup()
    }

    /// Queues a block that a keeper has requested.
    func post(_ order: Order) {
        post { $0.orders.append(order) }
    }

    /// Queues a job to give the least used sequences back, if none is queued.
    func postRoom(in sequences: Sequences) {
        post { queue in
            guard !queue.makesRoom else { return }
            queue.makesRoom = true
            queue.jobs.append(.makeRoom(in: sequences), to: .others)
        }
    }

    /// Queues `job`, which fills in `reply`; or refuses it at once when too many wait in its line.
    func post(_ job: Job, in line: JobLines<Job>.Line, for reply: StoreReply) {
        guard queue.withLock({ $0.jobs.admit(to: line) }) else { return reply.give(.refused(Self.tooMany(in: line))) }
        post { $0.jobs.append(job, to: line) }
    }

    /// Queues a lease to be given back. When the thread ends first, the worker is taken until the lease's limit.
    func postGivingBack(_ work: @escaping @Sendable () -> Void) {
        post { $0.jobs.append(.perform(work), to: .heldLeases) }
    }

    private func post(_ change: (inout Queue) -> Void) {
        queue.withLock { queue in
            guard queue.stopBy == nil else { return }
            change(&queue)
            if queue.thread == nil { queue.thread = NativeThread(name: "sequences") { [self] in work() } }
        }
        wakeup.signal()
    }

    private static func tooMany(in line: JobLines<Job>.Line) -> Status {
        let what =
            switch line {
            case .heldLeases: "extensions and releases of leases"
            case .others: "creations and lists of sequences, and calls of other daemons,"
            case .newLeases: "calls for new leases"
            }
        return Status(
            .resourceExhausted,
            "\(JobLines<Job>.maximumCallers(in: line)) \(what) wait for the store already; try again later",
            retryAfterMilliseconds: 1000
        )
    }

    /// Does what is queued, then ends; for `limit` at most. When the store blocks a call for longer, the thread runs
    /// until the process ends.
    func stop(within limit: Duration) {
        let thread = queue.withLock { queue -> NativeThread? in
            queue.stopBy = clock.bootNanoseconds() + limit.nanoseconds
            return queue.thread
        }
        wakeup.signal()
        _ = thread?.join(within: limit)
    }

    /// Whether the thread has to end now, with what is queued or without.
    private var isTimeOver: Bool {
        guard let stopBy = queue.withLock(\.stopBy) else { return false }
        return clock.bootNanoseconds() >= stopBy
    }

    private func work() {
        var batch = SequenceBatch<Sequences.Entry>()
        var random = systemRandom()
        while !isTimeOver {
            let (orders, hasJobs, mustStop) = queue.withLock { queue in
                (queue.takeOrders(batch.room), !queue.jobs.isEmpty, queue.stopBy != nil)
            }
            for order in orders { batch.add(reservation(for: order), for: order.entry) }
            if batch.isEmpty, !hasJobs {
                if mustStop { return }
                wakeup.wait(nanoseconds: .max)
                continue
            }
            give(batch.write(claims, using: &random))
            give(batch.read(claims))
            if hasJobs { performJobs() }
        }
    }

    /// Performs the next jobs, as long as their answers may be held back.
    private func performJobs() {
        var answers: [Answer] = []
        let began = clock.bootNanoseconds()
        repeat {
            guard !isTimeOver, let (job, line) = queue.withLock({ $0.takeJob() }) else { break }
            // It gives back many sequences. No answer should wait for that.
            if case .makeRoom = job { give(&answers) }
            answers.append(perform(job, of: line))
        } while clock.bootNanoseconds() - began < Self.maximumGathering
        give(&answers)
    }

    private func give(_ answers: inout [Answer]) {
        guard !answers.isEmpty else { return }
        remember()
        answers.forEach { $0() }
        answers.removeAll()
    }

    private func give(_ blocks: [SequenceBatch<Sequences.Entry>.Answered]) {
        guard !blocks.isEmpty else { return }
        remember()
        report(blocks)
        for (entry, outcome) in blocks { give(outcome, to: entry) }
    }

    /// Only the detection of a store that was set back depends on it, so a failure is reported and otherwise ignored.
    private func remember() {
        guard let journal = claims.journal else { return }
        var failure: StoreError?
        do throws(StoreError) {
            try journal.persist()
        } catch {
            failure = error
        }
        let isNews = journalError.withLock { last in
            defer { last = failure }
            return failure != last
        }
        if isNews, let failure { WindowReporter.notRemembered(failure, logger) }
    }

    /// Makes the calls to the store.
    private func perform(_ job: Job, of line: JobLines<Job>.Line) -> Answer {
        switch job {
        case .create(let description, let sequences, let reply):
            let (content, start) = create(description)
            return { [self] in
                if let start { sequences.startRaised(of: description.name, to: start) }
                finish(reply, content, in: line)
            }
        case .list(let name, let reply):
            let content = list(after: name)
            return { [self] in finish(reply, content, in: line) }
        case .answer(let answer, let reply):
            // Its caller has gone, or has asked again: a call that is made for nobody keeps others waiting.
            guard !reply.isAbandoned else {
                queue.withLock { $0.jobs.answered(in: line) }
                return {}
            }
            let content = answer()
            return { [self] in finish(reply, content, in: line) }
        case .perform(let work):
            work()
            return {}
        case .makeRoom(let sequences):
            sequences.makeRoom()
            return {}
        }
    }

    private func finish(_ reply: StoreReply, _ content: StoreReply.Content, in line: JobLines<Job>.Line) {
        queue.withLock { $0.jobs.answered(in: line) }
        reply.give(content)
    }
}
