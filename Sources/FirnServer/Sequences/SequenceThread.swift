internal import FirnEngine
internal import FirnStore
internal import FirnWire
internal import Logging
internal import Synchronization

/// The thread that reserves blocks of sequences, and makes all other calls to the store for sequences. It starts with
/// the first such call: a daemon without sequences does not have it.
///
/// What was written is recorded in the journal, apart from the store, before its values are used. One write records all
/// jobs that were done in the meantime; their answers are held back until then.
final class SequenceThread: Sendable {
    enum Job: Sendable {
        case takeBlock(Sequences.Entry, count: UInt64, after: SequenceDoubt?)
        case create(SequenceDescription, in: Sequences, StoreReply)
        case list(after: Name?, StoreReply)
        case makeRoom(in: Sequences)
    }

    /// Reports the outcome of a job.
    typealias Answer = () -> Void

    /// There is one block per sequence, and the number of sequences is limited. Replies have a limit of their own,
    /// because a call may time out long before its job's turn.
    private struct Queue {
        var jobs: [Job] = []
        var replies = 0
        var thread: NativeThread?
        /// Set when the thread has to end: the latest time for that, in boot nanoseconds.
        var stopBy: Int64?
    }

    let claims: SequenceClaims
    let isExplicit: Bool
    let logger: Logger
    let clock = SystemTimeSource()
    private let queue = Mutex(Queue())
    private let journalError = Mutex<StoreError?>(nil)
    private let wakeup: Wakeup

    /// Creations and lists that may wait for the store, of all connections.
    private static let maximumReplies = 1024
    /// How long an answer is held back for later ones, to be recorded with them: about one sync of a disk.
    private static let maximumGathering: Int64 = 5_000_000

    init(claims: SequenceClaims, isExplicit: Bool, logger: Logger) throws(ListenError) {
        self.claims = claims
        self.isExplicit = isExplicit
        self.logger = logger
        wakeup = try Wakeup()
    }

    /// Queues `job`.
    func post(_ job: Job) {
        queue.withLock { queue in
            guard queue.stopBy == nil else { return }
            queue.jobs.append(job)
            if queue.thread == nil { queue.thread = NativeThread(name: "sequences") { [self] in work() } }
        }
        wakeup.signal()
    }

    /// Queues `job`, which fills in `reply`; or refuses it at once when too many wait.
    func post(_ job: Job, for reply: StoreReply) {
        let isWelcome = queue.withLock { queue in
            guard queue.replies < Self.maximumReplies else { return false }
            queue.replies += 1
            return true
        }
        guard isWelcome else { return reply.give(.refused(Self.tooMany)) }
        post(job)
    }

    private static let tooMany = Status(
        .resourceExhausted,
        "\(maximumReplies) creations and lists of sequences wait for the store already; try again later",
        retryAfterMilliseconds: 1000
    )

    /// Does the queued jobs, then ends; for `limit` at most. When the store blocks a call for longer, the thread runs
    /// until the process ends.
    func stop(within limit: Duration) {
        let thread = queue.withLock { queue -> NativeThread? in
            queue.stopBy = clock.bootNanoseconds() + limit.nanoseconds
            return queue.thread
        }
        wakeup.signal()
        _ = thread?.join(within: limit)
    }

    private func work() {
        while true {
            let (jobs, stopBy) = queue.withLock { queue in
                defer { queue.jobs.removeAll() }
                return (queue.jobs, queue.stopBy)
            }
            if jobs.isEmpty {
                if stopBy != nil { return }
                wakeup.wait(nanoseconds: .max)
                continue
            }
            perform(jobs)
        }
    }

    private func perform(_ jobs: [Job]) {
        var answers: [Answer] = []
        var began = clock.bootNanoseconds()
        for job in jobs {
            if let stopBy = queue.withLock(\.stopBy), clock.bootNanoseconds() >= stopBy { break }
            // It gives back many sequences. No answer should wait for that.
            let isLong = if case .makeRoom = job { true } else { false }
            if isLong || clock.bootNanoseconds() - began > Self.maximumGathering { give(&answers) }
            if answers.isEmpty { began = clock.bootNanoseconds() }
            answers.append(perform(job))
        }
        give(&answers)
    }

    private func give(_ answers: inout [Answer]) {
        guard !answers.isEmpty else { return }
        remember()
        answers.forEach { $0() }
        answers.removeAll()
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
    private func perform(_ job: Job) -> Answer {
        switch job {
        case .takeBlock(let entry, let count, let doubt):
            return takeBlock(for: entry, count: count, after: doubt)
        case .create(let description, let sequences, let reply):
            let (content, start) = create(description)
            return { [self] in
                if let start { sequences.startRaised(of: description.name, to: start) }
                finish(reply, content)
            }
        case .list(let name, let reply):
            let content = list(after: name)
            return { [self] in finish(reply, content) }
        case .makeRoom(let sequences):
            sequences.makeRoom()
            return {}
        }
    }

    private func finish(_ reply: StoreReply, _ content: StoreReply.Content) {
        queue.withLock { $0.replies -= 1 }
        reply.give(content)
    }
}
