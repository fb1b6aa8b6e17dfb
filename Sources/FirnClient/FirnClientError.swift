/// Why a call to a daemon failed: what was wrong, with what value, and what to do.
///
/// A failed call gives no IDs. Making it again is always safe: IDs that were made for a lost answer stay a gap.
public struct FirnClientError: Error, Sendable {
    /// What a program can tell apart. More may come; a `switch` over codes wants a `default`.
    public struct Code: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case invalidAddress, unreachable, timedOut, cancelled, shutDown, connectionClosed, protocolViolation
            case tooManyCalls, exhausted
            /// A google.rpc.Code that the daemon answered with.
            case status(UInt32)
        }

        let kind: Kind

        /// A text or a path is no address.
        public static let invalidAddress = Code(kind: .invalidAddress)
        /// No daemon answers at the address, or at any of several: nothing is there, it refused, or the way to it is
        /// closed.
        public static let unreachable = Code(kind: .unreachable)
        /// The call's time passed, here or at the daemon.
        public static let timedOut = Code(kind: .timedOut)
        /// The calling task was cancelled.
        public static let cancelled = Code(kind: .cancelled)
        /// The client's `run()` has ended.
        public static let shutDown = Code(kind: .shutDown)
        /// Connections broke before the answer came, time and again.
        public static let connectionClosed = Code(kind: .connectionClosed)
        /// The peer sent what no Firn daemon sends.
        public static let protocolViolation = Code(kind: .protocolViolation)
        /// More calls wait in this client than its configuration allows.
        public static let tooManyCalls = Code(kind: .tooManyCalls)
        /// A ``RequestIDGenerator`` has no number left and no other prefix yet.
        public static let exhausted = Code(kind: .exhausted)

        /// The call has an argument that the daemon or this client refuses, such as a batch of 0.
        public static let invalidArgument = Code(kind: .status(3))
        /// The daemon does not serve this peer.
        public static let permissionDenied = Code(kind: .status(7))
        /// The daemon has no room, such as for another connection.
        public static let resourceExhausted = Code(kind: .status(8))
        /// The daemon's layout cannot serve the call: it has no time, or its time has ended.
        public static let failedPrecondition = Code(kind: .status(9))
        /// The daemon does not know the call.
        public static let unimplemented = Code(kind: .status(12))
        /// The daemon could not read the request, or broke.
        public static let `internal` = Code(kind: .status(13))
        /// The daemon cannot make IDs now; ``FirnClientError/retryAfter`` may say when it can.
        public static let unavailable = Code(kind: .status(14))

        /// The google.rpc.Code that the daemon answered with; nil when this client made the error, and for
        /// ``timedOut``, which both can.
        public var status: UInt32? {
            guard case .status(let number) = kind else { return nil }
            return number
        }
    }

    /// What a program can tell apart.
    public var code: Code
    /// What was wrong, with what value, and what to do: whole sentences for a person.
    public var message: String
    /// How long to wait before another try may succeed; nil when that is not known.
    public var retryAfter: Duration?
    /// The error below this one, for instance the system's.
    public var cause: (any Error)?

    /// Makes an error, for instance in a test of code that handles it.
    public init(_ code: Code, _ message: String, retryAfter: Duration? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.cause = cause
    }

    /// Whether another try may succeed without anything being changed first: the daemon was away, busy or late.
    public var isTemporary: Bool {
        switch code {
        case .unreachable, .timedOut, .connectionClosed, .tooManyCalls, .exhausted, .resourceExhausted, .unavailable:
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
        case .unimplemented: "unimplemented"
        case .internal: "internal"
        case .unavailable: "unavailable"
        default:
            if case .status(let number) = kind { "status \(number)" } else { "\(kind)" }
        }
    }
}
