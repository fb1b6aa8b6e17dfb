/// A client's background work, such as refilling prefetchers: jobs that run inside the client's `run()`.
///
/// No task is detached: jobs are children of `run()`, cancelled with it and waited for.
struct BackgroundJobs: Sendable {
    typealias Job = @Sendable (FirnClient) async -> Void

    /// How many jobs wait for `run()` at most. A service makes a few; thousands are a mistake in a loop.
    static let maximumWaiting = 1024

    private let jobs: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    init() {
        (jobs, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.maximumWaiting))
    }

    /// Starts a job, once the client runs.
    ///
    /// The job has to end when its task is cancelled.
    ///
    /// - Throws: ``FirnClientError``: `.shutDown` when the client's `run()` has ended, `.tooManyCalls` when too many jobs
    ///   wait for it. The job never runs then.
    func add(_ job: @escaping Job) throws(FirnClientError) {
        switch continuation.yield(job) {
        case .enqueued: return
        case .dropped:
            throw FirnClientError(
                code: .tooManyCalls,
                message:
                    "\(Self.maximumWaiting) prefetchers and generators wait for the client's run(): run it, and make "
                    + "fewer."
            )
        default: throw .shutDown
        }
    }

    /// Runs the jobs until the task is cancelled.
    func run(for client: FirnClient) async {
        await withDiscardingTaskGroup { group in
            // The loop ends only when the task is cancelled, and so are its children then.
            for await job in jobs { group.addTask { await job(client) } }
            group.cancelAll()
        }
        continuation.finish()
    }

    /// Accepts no more jobs: `run()` will not be called.
    func finish() {
        continuation.finish()
    }
}
