package import FirnWire

/// What a token allows.
package struct TokenScope: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// NextID, NextBatch and NewPrefix.
    package static let ids = TokenScope(rawValue: 1)
    /// NextTickets and ListSequences.
    package static let tickets = TokenScope(rawValue: 2)
    /// CreateSequence, and what `--admin` serves.
    package static let admin = TokenScope(rawValue: 4)
    /// LeaseWorker, ExtendLease and ReleaseLease.
    package static let leases = TokenScope(rawValue: 8)
    /// What a token without scopes allows.
    package static let all: TokenScope = [.ids, .tickets, .admin, .leases]
    /// The store's records: only where it is named, because a peer that may write them may have IDs given out twice.
    package static let store = TokenScope(rawValue: 16)

    /// The scopes by the names that a token file has for them.
    package static let names: [(name: String, scope: TokenScope)] = [
        ("ids", .ids), ("tickets", .tickets), ("admin", .admin), ("leases", .leases),
        ("store", .store),
    ]

    /// The scope that a method needs; empty where any token is enough.
    package init(neededFor method: Request.Method) {
        switch method {
        case .nextID, .nextBatch, .newPrefix: self = .ids
        case .nextTickets, .listSequences: self = .tickets
        case .createSequence: self = .admin
        case .lease: self = .leases
        case .store: self = .store
        case .describe, .authenticate, .unknown, .refused: self = []
        }
    }

    /// The scope that a method needs over gRPC.
    package init(neededOverGRPC method: ServiceMethod) {
        switch method {
        case .nextID, .nextBatch, .newPrefix: self = .ids
        case .nextTickets, .listSequences: self = .tickets
        case .createSequence: self = .admin
        case .leaseWorker, .extendLease, .releaseLease: self = .leases
        case .describe: self = []
        }
    }
}

extension TokenScope: CustomStringConvertible {
    package var description: String {
        Self.names.filter { contains($0.scope) }.map(\.name).joined(separator: ",")
    }
}
