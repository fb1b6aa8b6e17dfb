/// A lease as it appears in messages. `id_service.proto` describes its fields.
package struct Lease: Sendable, Equatable {
    package var worker: UInt32
    package var generation: UInt64
    package var instance: UInt64
    package var token: UInt64
    package var firstTick: UInt64
    package var limitTick: UInt64

    package init(
        worker: UInt32,
        generation: UInt64,
        instance: UInt64,
        token: UInt64,
        firstTick: UInt64,
        limitTick: UInt64
    ) {
        self.worker = worker
        self.generation = generation
        self.instance = instance
        self.token = token
        self.firstTick = firstTick
        self.limitTick = limitTick
    }
}

/// A call for a lease, with its arguments.
package enum LeaseCall: Sendable, Equatable {
    /// Who asks, for people, and for how long.
    package struct Beginning: Sendable, Equatable {
        package var name: Name
        package var host: String
        package var pod: String
        package var pid: UInt32
        /// 0: the daemon's own.
        package var windowMilliseconds: UInt64
        package var notBeforeTick: UInt64
        /// 0: not told.
        package var unixMilliseconds: UInt64

        /// The longest host and pod: what a host's name in the DNS may have, in bytes.
        package static let maximumTextLength = 253

        package init(
            name: Name,
            host: String = "",
            pod: String = "",
            pid: UInt32 = 0,
            windowMilliseconds: UInt64 = 0,
            notBeforeTick: UInt64 = 0,
            unixMilliseconds: UInt64 = 0
        ) {
            self.name = name
            self.host = host
            self.pod = pod
            self.pid = pid
            self.windowMilliseconds = windowMilliseconds
            self.notBeforeTick = notBeforeTick
            self.unixMilliseconds = unixMilliseconds
        }
    }

    /// The state that a holder has, and the tokens of its writes since that got no answer.
    package struct Hold: Sendable, Equatable {
        package var lease: Lease
        package var unansweredTokens: [UInt64]

        /// How many tokens are read. In the worst case, one that is left out costs the lease.
        package static let maximumTokens = 4

        package init(_ lease: Lease, unansweredTokens: [UInt64] = []) {
            self.lease = lease
            self.unansweredTokens = unansweredTokens
        }
    }

    case begin(Beginning)
    /// `token` and `limitTick` may be 0: the daemon's choice.
    case extend(Hold, token: UInt64, limitTick: UInt64)
    case release(Hold, firstUnusedTick: UInt64)
}

extension LeaseCall.Beginning {
    /// A host's or a pod's name: text of at most ``maximumTextLength`` bytes without control characters; `nil` when `bytes`
    /// are not such a text.
    package static func label(_ bytes: some Collection<UInt8>) -> String? {
        guard bytes.count <= maximumTextLength, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension LeaseCall.Hold {
    /// - Throws: what is wrong with the lease or the tokens.
    package init(checking lease: Lease, _ tokens: some Collection<UInt64>) throws(Status) {
        guard lease.token != 0 else {
            throw Status(
                .invalidArgument,
                "the lease's token is 0, which none has; send the lease as the last answer had it"
            )
        }
        guard !tokens.contains(0) else {
            throw Status(.invalidArgument, "an unanswered token is 0, which none is; leave it out")
        }
        guard tokens.count <= Self.maximumTokens else {
            throw Status(
                .invalidArgument,
                "the call has \(tokens.count) unanswered tokens; send the last \(Self.maximumTokens) at most"
            )
        }
        self.init(lease, unansweredTokens: Array(tokens))
    }
}
