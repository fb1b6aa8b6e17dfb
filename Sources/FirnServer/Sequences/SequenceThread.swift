internal import FirnEngine
internal import FirnStore
internal import FirnWire
internal import Logging
internal import Synchronization

/// The thread that reserves blocks of sequences, and answers what else sequences are asked of the store. It starts with
/// the first of them: a daemon without sequences does not have it.
///
/// What was written is remembered apart from the store before its values are used, by one write for all jobs that were
/// done meanwhile: an answer is kept until then.
final class SequenceThread: Sendable {
    enum Job: Sendable {
        case takeBlock(Sequences.Entry, count: UInt64, after: SequenceDoubt?)
        case create(SequenceDescription, in: Sequences, StoreReply)
        case list(after: Name?, StoreReply)
        case makeRoom(in: Sequences)
    }

    /// Tells what came of a job.
    typealias Answer = () -> Void

    /// Blocks are one a sequence, of which there is a limit; replies have a limit of their own, for a call may be given
    /// up long before its job's turn.
    private struct Queue {
        var jobs: [Job] = []
        var replies = 0
        var thread: NativeThread?
        /// Set when it is to end, at the latest by then, in boot nanoseconds.
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
    /// How long an answer is kept for those after it, to be remembered with them: a sync of a disk.
    private static let maximumGathering: Int64 = 5_000_000

    init(claims: SequenceClaims, isExplicit: Bool, logger: Logger) throws(ListenError) {
        self.claims = claims
        self.isExplicit = isExplicit
        self.logger = logger
        wakeup = try Wakeup()
    }

    /// Has `job` done, after those before it.
    func post(_ job: Job) {
        queue.withLock { queue in
            guard queue.stopBy == nil else { return }
            queue.jobs.append(job)
            if queue.thread == nil { queue.thread = NativeThread(name: "sequences") { [self] in work() } }
        }
        wakeup.signal()
    }

    /// Has `job` done, which gives `reply`; or refuses at once when too many wait.
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

    /// Does what was posted, then ends; for so long at most. Where the store keeps a call for longer, the thread is left
    /// to the process's end.
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
            // It gives many back, for which no answer should wait.
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

    /// Nothing but the notice of a store that was set back depends on it, so a failure is told and borne.
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

    /// Asks the store.
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
