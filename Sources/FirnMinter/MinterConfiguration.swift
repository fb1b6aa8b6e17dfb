/// How a ``Minter`` keeps its worker, and how long its callers wait.
public struct MinterConfiguration: Sendable {
    /// How far ahead of the clock the worker is reserved in the store: for so long the minter goes on without the store. The
    /// store is written to at a third of it. 1 s to 1 h, and at least three ticks; nil for 3 s with a store on this host and 60 s with any other, as
    /// firnd.
    public var window: Duration?

    /// How long no ID is taken before the window is left to end, so that nothing is written for a minter that nobody uses. The
    /// next call waits for one write. 30 s by default; nil for never.
    public var restAfter: Duration? = .seconds(30)

    /// How long ``Minter/next()`` and ``Minter/nextRun(upTo:)`` wait. 5 s by default; at least 1 ms.
    public var timeout: Duration = .seconds(5)

    /// How many tasks may wait at the same time. 65,536 by default; 0 to 1,048,576.
    public var maximumWaiters = 65_536

    /// The worker to use; nil, the default, for any free one. Two minters that are given the same one wait for each other.
    public var worker: UInt32?

    /// Which IDs rise: over the whole process, the default, or only within each thread, for more IDs from several threads.
    public var ordering = Ordering.process

    /// Which of a minter's IDs rise.
    public enum Ordering: Sendable, Hashable {
        /// An ID is above all whose calls had returned, on any thread, when its own began. All threads share one counter.
        case process
        /// What ``Minter/tryNext()`` and ``Minter/tryNextRun(upTo:)`` give a thread is above what they gave it before; IDs of
        /// two threads are ordered by their ticks alone, and so are those for which ``Minter/next()`` or
        /// ``Minter/nextRun(upTo:)`` waited. Each thread takes IDs from a block of its own, whose rest is not used in the next
        /// tick.
        case thread
    }

    /// How far a clock may be from the time that the store's workers were used up to. 1 h by default.
    public var clockTolerance: Duration = .seconds(3600)

    /// Called when the minter gets or loses a worker, or the store fails or answers again: for a log. Called on a thread of
    /// the minter, which waits for it.
    public var onEvent: (@Sendable (MinterEvent) -> Void)?

    /// The defaults.
    public init() {}
}

/// What ``MinterConfiguration/onEvent`` is told.
public struct MinterEvent: Sendable, CustomStringConvertible {
    /// How important it is, in the words of swift-log.
    public enum Level: Sendable, Hashable {
        /// As expected: a worker is held, or was given back.
        case info
        /// IDs can be minted, or not, and something is wrong.
        case warning
    }

    /// How important it is.
    public var level: Level
    /// What happened, and where something is to do, what.
    public var message: String

    package init(_ level: Level, _ message: String) {
        self.level = level
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
