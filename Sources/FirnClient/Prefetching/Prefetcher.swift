public import FirnLayout

/// IDs that were asked for before they are needed: taking one costs some nanoseconds and no call.
///
/// ```swift
/// let prefetcher = client.prefetching()
/// let id = try await prefetcher.next()   // waits when none is there
/// let now = prefetcher.tryNext()         // never waits: nil when none is there
/// ```
///
/// **Refilling.** The client's `run()` does it, as long as the prefetcher is held: there is nothing else to start. It asks
/// for more while half of what is there is left. How much that is follows the rate of use, up to
/// ``PrefetcherConfiguration/maximumCount``. When no ID is asked for any more the daemon is called for another
/// ``PrefetcherConfiguration/idleAfter`` at most, and then not before an ID is asked for again.
///
/// **Order.** IDs are kept apart for each processor. Those that threads take on one processor rise; across processors, and
/// in a task that moved from one to another, they are in no order.
///
/// **Gaps.** A thread that takes one ID after the other claims up to 16 at a time, and never more than an eighth of what is
/// there. When another thread takes on that processor, or the thread goes on on another one or ends, the rest of them is
/// given to nobody.
///
/// **Age.** An ID is dropped ``PrefetcherConfiguration/maximumAge`` after the call for it was made, by a timer. The timer
/// may be late: when the machine is too busy to run its thread, or when the process or the machine was stopped and goes
/// on. A take looks at the clock itself for the first and then every 16th ID of each stretch of IDs; so until the late
/// timer has run each processor may give 15 IDs that are too old, and no more. IDs that tasks wait for come straight from
/// the daemon, as those of ``FirnClient/nextID(timeout:)`` do.
///
/// **Forks.** In a child made by `fork` the parent's prefetchers give nothing: ``tryNext()`` is nil forever, and
/// ``next()`` throws. A process that goes around the C library's `fork` has to call `exec` before it takes any.
///
/// As an asynchronous sequence it gives IDs as ``next()`` does, to any number of iterators, each ID to one of them. It
/// ends when the client shuts down, and throws what else ``next()`` would throw; after that a new loop may go on.
public final class Prefetcher: Sendable {
    /// The configuration, every value in its range.
    public let configuration: PrefetcherConfiguration

    let core: PrefetchCore

    init(core: PrefetchCore, configuration: PrefetcherConfiguration) {
        self.core = core
        self.configuration = configuration
    }

    deinit {
        core.end(.shutDown)
    }

    /// An ID that is there; nil when none is, and then more are asked for.
    ///
    /// Takes from the buffer of this thread's processor, else from another's. Any thread may call it: it never waits, also
    /// for no lock, and allocates nothing. Once for each refill it wakes the task that asks for more, which is the Swift
    /// runtime's work and may allocate there.
    public func tryNext() -> FirnID? {
        core.tryNext()
    }

    /// An ID that is there, or the next that comes.
    ///
    /// Those who wait are served in turn, each for at most ``FirnClientConfiguration/timeout``; cancelling ends the wait at
    /// once. When IDs are there it does not wait, nor look whether its task was cancelled.
    ///
    /// - Throws: ``FirnClientError``: what the call for more IDs threw while this waited (``FirnClient/nextIDs(_:timeout:)``), for
    ///   all that waited; `.timedOut`, `.cancelled`, `.shutDown` after the client's `run()`, and `.tooManyCalls` past
    ///   ``PrefetcherConfiguration/maximumWaiters``. The next call has the daemon asked again.
    public func next() async throws(FirnClientError) -> FirnID {
        try await core.next()
    }

    /// How many IDs are there, roughly: others take them meanwhile.
    public var availableCount: Int {
        core.buffer.levels().reduce(0) { $0 + $1.left }
    }
}

extension Prefetcher: AsyncSequence {
    /// IDs as they are taken.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let prefetcher: Prefetcher

        /// The next ID; nil when the client has shut down.
        public mutating func next() async throws(FirnClientError) -> FirnID? {
            try await next(isolation: nil)
        }

        /// The next ID; nil when the client has shut down.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(FirnClientError) -> FirnID? {
            do {
                return try await prefetcher.next()
            } catch {
                guard error.code == .shutDown else { throw error }
                return nil
            }
        }
    }

    /// Starts wherever the prefetcher is.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(prefetcher: self)
    }
}
