/// Why a call to a daemon failed: what was wrong, with what value, and what to do.
///
/// A failed call gives no IDs. Making it again is always safe: IDs that were made for an answer that was lost stay a gap.
public struct FirnClientError: Error, Sendable {
    /// The kind of failure, for programs. Later versions may add codes: a `switch` over them needs a `default`.
    public struct Code: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case invalidAddress, unreachable, timedOut, cancelled, shutDown, connectionClosed, protocolViolation
            case tooManyCalls, prefixExhausted
            /// The number of a `google.rpc.Code` that the daemon answered with.
            case status(UInt32)
        }

        let kind: Kind

        /// A text or a path is not an address.
        public static let invalidAddress = Code(kind: .invalidAddress)
        /// No daemon can be connected at any of the addresses: nothing listens there, the connection was refused, or the
        /// network does not reach it.
        public static let unreachable = Code(kind: .unreachable)
        /// The call's timeout has passed, in the client or at the daemon.
        public static let timedOut = Code(kind: .timedOut)
        /// The calling task was cancelled.
        public static let cancelled = Code(kind: .cancelled)
        /// The client's `run()` has ended.
        public static let shutDown = Code(kind: .shutDown)
        /// The connection broke before the answer came, more than ten times.
        public static let connectionClosed = Code(kind: .connectionClosed)
        /// The peer sent bytes that are not the protocol's, or an answer to another call.
        public static let protocolViolation = Code(kind: .protocolViolation)
        /// As many calls wait in this client as its configuration allows.
        public static let tooManyCalls = Code(kind: .tooManyCalls)
        /// A ``RequestIDGenerator`` has used all numbers of its prefix and has no other prefix yet.
        public static let prefixExhausted = Code(kind: .prefixExhausted)

        /// The daemon or this client refuses an argument of the call, such as a batch of 0.
        public static let invalidArgument = Code(kind: .status(3))
        /// The daemon asks for a token, and was shown none or a wrong one.
        public static let unauthenticated = Code(kind: .status(16))
        /// The daemon does not serve this process's user, or the token does not allow the call.
        public static let permissionDenied = Code(kind: .status(7))
        /// A limit of the daemon is reached, such as its number of connections.
        public static let resourceExhausted = Code(kind: .status(8))
        /// The daemon's layout or the sequence cannot serve the call: the layout has no time or its time has ended, the
        /// sequence has no value left, is of another kind, or does not exist.
        public static let failedPrecondition = Code(kind: .status(9))
        /// A lease is lost: another holder has its worker.
        public static let aborted = Code(kind: .status(10))
        /// The daemon does not implement the call.
        public static let unimplemented = Code(kind: .status(12))
        /// The daemon could not read the request, or failed inside.
        public static let `internal` = Code(kind: .status(13))
        /// The daemon cannot make IDs now; ``FirnClientError/retryAfter`` may say when it can.
        public static let unavailable = Code(kind: .status(14))

        /// The number of the `google.rpc.Code` that the daemon answered with; nil when the client made the error, and for
        /// ``timedOut``, which both can make.
        public var status: UInt32? {
            guard case .status(let number) = kind else { return nil }
            return number
        }
    }

    /// The kind of failure, for programs.
    public var code: Code
    /// What was wrong, with what value, and what to do: whole sentences, for people.
    public var message: String
    /// How long to wait before the call is made again; nil when that is not known.
    public var retryAfter: Duration?
    /// The error that led to this one, for instance the system's; nil when there is none.
    public var cause: (any Error)?

    /// Makes an error, for instance in a test of code that handles it.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: What was wrong, with what value, and what to do.
    ///   - retryAfter: How long to wait before the call is made again; nil when that is not known.
    ///   - cause: The error that led to this one; nil when there is none.
    public init(code: Code, message: String, retryAfter: Duration? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.cause = cause
    }

    /// Whether the same call may succeed when it is made again, with nothing changed first: the daemon was away, busy or
    /// late. Wait for ``retryAfter`` where it is there.
    public var isRetryable: Bool {
        switch code {
        case .unreachable, .timedOut, .connectionClosed, .tooManyCalls, .prefixExhausted, .resourceExhausted,
            .unavailable:
            true
        default: false
        }
    }
}

extension FirnClientError: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}

extension FirnClientError.Code: CustomStringConvertible {
    /// The code's name.
    public var description: String {
        switch self {
        case .invalidArgument: "invalidArgument"
        case .permissionDenied: "permissionDenied"
        case .resourceExhausted: "resourceExhausted"
        case .failedPrecondition: "failedPrecondition"
        case .aborted: "aborted"
        case .unimplemented: "unimplemented"
        case .internal: "internal"
        case .unavailable: "unavailable"
        case .unauthenticated: "unauthenticated"
        default:
            if case .status(let number) = kind { "status \(number)" } else { "\(kind)" }
        }
    }
}
