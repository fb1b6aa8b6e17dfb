internal import FirnEngine
internal import FirnStore
internal import FirnWire
internal import Logging
internal import Synchronization

/// What the store said to a call that had to wait for it.
final class StoreReply: Sendable {
    enum Content: Sendable {
        case created(SequenceDescription)
        case page([SequenceDescription], more: Bool)
        case refused(Status)
    }

    private let mailbox: any StoreListener
    private let received = Mutex<Content?>(nil)

    init(mailbox: any StoreListener) {
        self.mailbox = mailbox
    }

    /// `nil` until the store has answered.
    var content: Content? { received.withLock { $0 } }

    func give(_ content: Content) {
        received.withLock { $0 = content }
        mailbox.storeAnswered()
    }
}

/// The thread that reserves blocks of sequences, and answers what else sequences are asked of the store. It starts with
/// the first of them: a daemon without sequences does not have it.
final class SequenceThread: Sendable {
    enum Job: Sendable {
        case takeBlock(Sequences.Entry, count: UInt64, after: SequenceDoubt?)
        case create(SequenceDescription, StoreReply)
        case list(after: Name?, StoreReply)
        case makeRoom(in: Sequences)
        case stop
    }

    /// Blocks are one a sequence, of which there is a limit; replies have a limit of their own, for a call may be given
    /// up long before its job's turn.
    private struct Queue {
        var jobs: [Job] = []
        var replies = 0
        var thread: NativeThread?
        var isStopped = false
    }

    private let claims: SequenceClaims
    private let isExplicit: Bool
    private let logger: Logger
    private let queue = Mutex(Queue())
    private let bell: Bell
    private let clock = SystemTimeSource()

    /// Creations and lists that may wait for the store, of all connections.
    private static let maximumReplies = 1024
    /// Sequences in one page of a list: some 30 KiB.
    private static let pageLength = 256

    init(claims: SequenceClaims, isExplicit: Bool, logger: Logger) throws(ListenError) {
        self.claims = claims
        self.isExplicit = isExplicit
        self.logger = logger
        bell = try Bell()
    }

    /// Has `job` done, after those before it.
    func post(_ job: Job) {
        queue.withLock { queue in
            guard !queue.isStopped else { return }
            queue.jobs.append(job)
            if queue.thread == nil { queue.thread = NativeThread(name: "sequences") { [self] in work() } }
        }
        bell.ring()
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

    /// Does what was posted, then ends.
    func stop() {
        let thread = queue.withLock { queue -> NativeThread? in
            queue.isStopped = true
            queue.jobs.append(.stop)
            return queue.thread
        }
        bell.ring()
        thread?.join()
    }

    private func work() {
        while true {
            let jobs = queue.withLock { queue in
                defer { queue.jobs.removeAll() }
                return queue.jobs
            }
            for job in jobs {
                if case .stop = job { return }
                perform(job)
            }
            if jobs.isEmpty { bell.wait(nanoseconds: .max) }
        }
    }

    private func perform(_ job: Job) {
        switch job {
        case .takeBlock(let entry, let count, let doubt): takeBlock(for: entry, count: count, after: doubt)
        case .create(let description, let reply): finish(reply, create(description))
        case .list(let name, let reply): finish(reply, list(after: name))
        case .makeRoom(let sequences): sequences.makeRoom()
        case .stop: preconditionFailure("the loop ends with it")
        }
    }

    private func finish(_ reply: StoreReply, _ content: StoreReply.Content) {
        queue.withLock { $0.replies -= 1 }
        reply.give(content)
    }

    private func takeBlock(for entry: Sequences.Entry, count: UInt64, after doubt: SequenceDoubt?) {
        var random = systemRandom()
        let definition: SequenceDefinition = entry.key.use == .tickets ? .plain : .prefix
        let outcome = claims.takeBlock(
            entry.key.name.description,
            count: count,
            for: entry.key.use,
            orCreate: isExplicit ? nil : definition,
            after: doubt,
            using: &random
        )
        if case .failed(let error, _) = outcome {
            logger.warning(
                "no block of a sequence could be reserved",
                metadata: ["sequence": "\(entry.key.name)", "error": "\(error)"]
            )
        }
        let (action, waiting) = entry.state.withLock { state in
            let action = state.keeper.blockAnswered(outcome, now: clock.bootNanoseconds())
            defer { state.waiting.removeAll() }
            return (action, Array(state.waiting.values))
        }
        if case .takeBlock(let count, let doubt) = action { post(.takeBlock(entry, count: count, after: doubt)) }
        waiting.forEach { $0.storeAnswered() }
    }

    private func create(_ description: SequenceDescription) -> StoreReply.Content {
        let definition: SequenceDefinition
        do throws(SequenceDefinitionError) {
            definition = try description.definition
        } catch {
            return .refused(Status(.invalidArgument, "the sequence \(description.name): \(error)"))
        }
        var random = systemRandom()
        let name = description.name
        switch claims.create(name.description, definition, using: &random) {
        case .created(let record), .existed(let record), .startRaised(let record):
            return .created(SequenceDescription(name: name, record: record))
        case .differs(let record):
            return .refused(
                Status(
                    .failedPrecondition,
                    "the sequence \(name) is there and is \(SequenceDescription(name: name, record: record).text), "
                        + "not \(definition); give the new one another name"
                )
            )
        case .startTooLow(let record):
            let lowest = record.next.map { "choose \($0) or more" } ?? "it is at its maximum"
            return .refused(
                Status(
                    .failedPrecondition,
                    "the sequence \(name) cannot start at \(description.next): all up to \(record.reserved) was given or is reserved; \(lowest)"
                )
            )
        case .failed(let error):
            return .refused(
                Status(
                    .unavailable,
                    "the sequence \(name) may or may not have been made: \(error)",
                    retryAfterMilliseconds: 100
                )
            )
        }
    }

    private func list(after name: Name?) -> StoreReply.Content {
        do throws(StoreError) {
            let all = try claims.list()
            let rest = all.drop { sequence in
                name.map { !$0.description.utf8.lexicographicallyPrecedes(sequence.name.utf8) } ?? false
            }
            let page = rest.prefix(Self.pageLength).compactMap { sequence in
                Name(sequence.name).map { SequenceDescription(name: $0, record: sequence.record) }
            }
            return .page(page, more: rest.count > Self.pageLength)
        } catch {
            return .refused(
                Status(.unavailable, "the sequences could not be read: \(error)", retryAfterMilliseconds: 100)
            )
        }
    }
}
