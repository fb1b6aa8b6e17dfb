internal import FirnWire

/// The method of a call, for the counters.
package enum CallMethod: Int, CaseIterable, Sendable {
    case nextID, nextBatch, nextTickets, newPrefix, describe, createSequence, listSequences
    case leaseWorker, extendLease, releaseLease, store
    /// A method that this daemon does not know, or a call with an argument that violates the protocol.
    case other

    package var name: String {
        switch self {
        case .nextID: "NextID"
        case .nextBatch: "NextBatch"
        case .nextTickets: "NextTickets"
        case .newPrefix: "NewPrefix"
        case .describe: "Describe"
        case .createSequence: "CreateSequence"
        case .listSequences: "ListSequences"
        case .leaseWorker: "LeaseWorker"
        case .extendLease: "ExtendLease"
        case .releaseLease: "ReleaseLease"
        case .store: "Store"
        case .other: "other"
        }
    }

    init(_ method: Request.Method) {
        switch method {
        case .nextID: self = .nextID
        case .nextBatch: self = .nextBatch
        case .nextTickets: self = .nextTickets
        case .newPrefix: self = .newPrefix
        case .describe: self = .describe
        case .createSequence: self = .createSequence
        case .listSequences: self = .listSequences
        case .lease(.begin): self = .leaseWorker
        case .lease(.extend): self = .extendLease
        case .lease(.release): self = .releaseLease
        case .store: self = .store
        case .authenticate, .unknown, .refused: self = .other
        }
    }
}

/// How a call ended, for the counters: google.rpc.Code's names.
package enum CallCode: Int, CaseIterable, Sendable {
    case ok, invalidArgument, deadlineExceeded, permissionDenied, resourceExhausted, failedPrecondition, aborted
    case unimplemented
    case `internal`, unavailable, unauthenticated

    package var name: String {
        switch self {
        case .ok: "OK"
        case .invalidArgument: "\(Status.Code.invalidArgument)"
        case .deadlineExceeded: "\(Status.Code.deadlineExceeded)"
        case .permissionDenied: "\(Status.Code.permissionDenied)"
        case .resourceExhausted: "\(Status.Code.resourceExhausted)"
        case .failedPrecondition: "\(Status.Code.failedPrecondition)"
        case .aborted: "\(Status.Code.aborted)"
        case .unimplemented: "\(Status.Code.unimplemented)"
        case .internal: "\(Status.Code.internal)"
        case .unavailable: "\(Status.Code.unavailable)"
        case .unauthenticated: "\(Status.Code.unauthenticated)"
        }
    }

    init(_ outcome: Response.Outcome) {
        if case .error(let status) = outcome { self.init(status.code) } else { self = .ok }
    }

    private init(_ code: Status.Code) {
        switch code {
        case .invalidArgument: self = .invalidArgument
        case .deadlineExceeded: self = .deadlineExceeded
        case .permissionDenied: self = .permissionDenied
        case .resourceExhausted: self = .resourceExhausted
        case .failedPrecondition: self = .failedPrecondition
        case .aborted: self = .aborted
        case .unimplemented: self = .unimplemented
        case .unavailable: self = .unavailable
        case .unauthenticated: self = .unauthenticated
        default: self = .internal
        }
    }
}

/// Why a connection was closed, for the counters.
package enum ClosingReason: Int, CaseIterable, Sendable {
    /// The peer closed it, or it broke.
    case peer
    /// The peer sent bytes that are not a valid frame or request.
    case `protocol`
    /// A frame was not complete in time.
    case slowFrame
    /// The peer was silent for too long.
    case idle
    /// The peer did not read its answers.
    case unread
    /// The daemon stopped.
    case draining

    package var name: String {
        switch self {
        case .peer: "peer"
        case .protocol: "protocol"
        case .slowFrame: "slow_frame"
        case .idle: "idle"
        case .unread: "unread"
        case .draining: "draining"
        }
    }
}

/// Why a connection was refused, for the counters.
package enum RefusalReason: Int, CaseIterable, Sendable {
    /// The daemon, or the peer's user, has its maximum of connections.
    case limit
    /// The peer's user or group may not connect.
    case access

    package var name: String {
        switch self {
        case .limit: "limit"
        case .access: "access"
        }
    }
}
