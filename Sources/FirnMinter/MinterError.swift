/// Why a ``Minter`` gave no ID, or was not made.
public struct MinterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of a failure. New kinds may be added; switch over it with a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String, Hashable, Sendable {
            case unavailable, timedOut, cancelled, tooManyWaiters, invalidArgument, storeRefused, clockWrong
            case ended, closed, forked
        }

        private let kind: Kind

        private init(_ kind: Kind) { self.kind = kind }

        /// No window covers the present time: the store is away, or all workers are taken. The same call may succeed
        /// later: ``MinterError/retryAfter`` says when to try.
        public static let unavailable = Code(.unavailable)
        /// No ID could be minted within the configured timeout, because others took all of the layout's.
        public static let timedOut = Code(.timedOut)
        /// The task was cancelled while it waited.
        public static let cancelled = Code(.cancelled)
        /// As many tasks wait already as the configuration allows.
        public static let tooManyWaiters = Code(.tooManyWaiters)
        /// A value of the configuration, or a count, is out of its range.
        public static let invalidArgument = Code(.invalidArgument)
        /// The store cannot be used until somebody changes something: it belongs to another layout, was set back, cannot
        /// be written, or is none.
        public static let storeRefused = Code(.storeRefused)
        /// This host's clock, or the one of another holder, is wrong.
        public static let clockWrong = Code(.clockWrong)
        /// The layout's time field cannot hold the present time.
        public static let ended = Code(.ended)
        /// ``Minter/close()`` was called.
        public static let closed = Code(.closed)
        /// The process was forked from the one that made the minter.
        public static let forked = Code(.forked)

        /// The code's name.
        public var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    public var code: Code
    /// What was wrong, with what value, and what to do.
    public var message: String
    /// When the same call may succeed; nil where waiting does not help, or nobody knows.
    public var retryAfter: Duration?

    package init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
