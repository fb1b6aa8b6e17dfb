public import FirnLayout

/// A buffer of IDs that are requested before they are needed: taking one costs some nanoseconds and no call.
///
/// ```swift
/// let prefetcher = client.makePrefetcher()
/// let id = try await prefetcher.next()       // waits when the buffer is empty
/// let now = prefetcher.nextIfAvailable()     // never waits: nil when the buffer is empty
/// ```
///
/// **Refilling.** The client's `run()` refills the buffer until the prefetcher is released; nothing else has to be started.
/// More IDs are requested when half of the buffer is used. The buffer's size follows the rate of use, up to
/// ``PrefetcherConfiguration/maximumCount``. After the last ID was taken the daemon is called for another
/// ``PrefetcherConfiguration/idleTimeout`` at most, and then not before an ID is taken again.
///
/// **Order.** Each processor has a part of the buffer. IDs that threads take on one processor rise; across processors, and
/// in a task that moves from one to another, they are in no order.
///
/// **Gaps.** A thread that takes one ID after the other claims up to 16 at a time, and never more than an eighth of what its
/// part of the buffer has. When another thread takes IDs on that processor, or the thread moves to another processor or
/// ends, the rest of its claim is lost: nobody gets those IDs.
///
/// **Age.** A timer drops an ID ``PrefetcherConfiguration/maximumAge`` after the call for it was made. The timer may be late:
/// when the machine is too busy to run its thread, or when the process or the machine was suspended. Taking an ID reads the
/// clock for the first and then every 16th ID of each segment; so until the late timer has fired each processor may give 15 IDs
/// that are too old, and no more. IDs that tasks wait for come directly from the daemon, as those of
/// ``FirnClient/nextID(timeout:)`` do.
///
/// **Forks.** In a child made by `fork` the parent's prefetchers have no IDs: ``nextIfAvailable()`` is always nil, and
/// ``next()`` throws. A process that was made without the C library's `fork` has to call `exec` before it takes any.
///
/// As an asynchronous sequence it gives IDs as ``next()`` does, to any number of iterators, each ID to one of them. It
/// ends when the client shuts down, and throws what ``next()`` would throw otherwise; after that a new loop may go on.
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

    /// Takes an ID from the buffer; nil when the buffer is empty, and then more are requested.
    ///
    /// Takes from this processor's part of the buffer, else from another's. It can be called on any thread. It never waits,
    /// not even for a lock, and allocates nothing. Once for each refill it wakes the task that requests more, which may
    /// allocate in the Swift runtime.
    public func nextIfAvailable() -> FirnID? {
        core.nextIfAvailable()
    }

    /// Takes an ID from the buffer, or waits for one when it is empty.
    ///
    /// Tasks that wait are served in the order in which they came, each within ``FirnClientConfiguration/timeout``. Cancelling
    /// a task ends its wait at once. When the buffer has an ID this neither waits nor checks whether its task was cancelled.
    ///
    /// - Throws: ``FirnClientError``: what a call for more IDs threw while this waited (``FirnClient/nextIDs(count:timeout:)``
    ///   says what), for all tasks that waited then; `.timedOut`, `.cancelled`, `.shutDown` after the client's `run()`, and
    ///   `.tooManyCalls` past ``PrefetcherConfiguration/maximumWaiters``. After an error the next call requests IDs again.
    public func next() async throws(FirnClientError) -> FirnID {
        try await core.next()
    }

    /// The number of IDs in the buffer, approximately: other threads take and refill meanwhile.
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

    /// Makes an iterator, which takes its IDs from the buffer that all iterators share.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(prefetcher: self)
    }
}
