internal import FirnStore
internal import GRPCCore
internal import Glibc
internal import NIOCore
internal import NIOSSL

/// Why a call to one endpoint failed.
struct EtcdFailure: Error {
    /// What the caller does next.
    enum Consequence {
        /// Another endpoint, or a later attempt, may succeed.
        case tryElsewhere
        /// The whole cluster would answer the same.
        case giveUp
        /// The token has expired, or the endpoint that gave it was restarted: nothing was done. A new token may work.
        case authenticate
        /// The revision at which a list is read is no longer in the history: the list is read again from its beginning.
        case readAnew
    }

    var code: StoreError.Code
    /// What was wrong, and what to do.
    var text: String
    var consequence: Consequence

    init(_ code: StoreError.Code, _ text: String, _ consequence: Consequence = .giveUp) {
        self.code = code
        self.text = text
        self.consequence = consequence
    }

    static func late(_ timeout: Duration) -> EtcdFailure {
        EtcdFailure(
            .unavailable,
            "no answer in \(timeout); is it paused, cut off, or slower than --etcd-timeout allows?",
            .tryElsewhere
        )
    }

    /// - Parameter wasSent: whether the connection was established and the request was passed to it.
    init(_ error: any Error, wasSent: Bool, timeout: Duration) {
        if (error as? RuntimeError)?.code == .clientIsStopped {
            self.init(.unavailable, "the connection was closed; it is made anew", .tryElsewhere)
            return
        }
        guard let error = error as? RPCError else {
            self.init(.refused, "the connection cannot be made: \(Self.describe(error)); see the --etcd-… options")
            return
        }
        guard wasSent else {
            self = error.code == .deadlineExceeded ? .late(timeout) : Self(connecting: error)
            return
        }
        switch error.code {
        case .unauthenticated:
            self.init(.refused, "it takes the token no longer: \(error.message)", .authenticate)
        case .invalidArgument: self.init(invalidArgument: error.message)
        case .permissionDenied:
            self.init(.refused, "\(error.message); grant the user read and write on the prefix of --etcd-prefix")
        case .resourceExhausted where error.message.contains("space"):
            self.init(.diskFull, "\(error.message); compact and defragment etcd, then clear its alarm")
        case .unimplemented:
            self.init(.notOurs, "what listens there is not etcd 3: \(error.message)")
        case .outOfRange where error.message.contains("compacted"):
            self.init(.unavailable, error.message, .readAnew)
        case .deadlineExceeded: self = .late(timeout)
        case .failedPrecondition, .outOfRange, .notFound:
            self.init(.unavailable, error.message)
        default:
            self.init(.unavailable, Self.describe(error), .tryElsewhere)
        }
    }

    /// etcd's refusals all have this code, and differ in their texts (api/v3rpc/rpctypes/error.go).
    private init(invalidArgument message: String) {
        if message.contains("authentication failed") {
            self.init(.refused, "\(message); put --etcd-user and --etcd-password-file right")
        } else if message.contains("user name is empty") {
            self.init(
                .refused,
                "it lets nobody in without a user; give --etcd-user and --etcd-password-file",
                .authenticate
            )
        } else if message.contains("revision in header is old") || message.contains("revision of auth store is old") {
            self.init(.refused, "it takes the token no longer: \(message)", .authenticate)
        } else {
            self.init(.unavailable, message)
        }
    }

    /// The connection was never established.
    private init(connecting error: RPCError) {
        let causes = Self.causes(of: error)
        let reason = causes.last.map(Self.text) ?? error.message
        if causes.contains(where: Self.isOfTLS) {
            self.init(
                .refused,
                "no TLS connection: \(reason); see --etcd-ca, --etcd-cert, --etcd-key and --etcd-server-name",
                .tryElsewhere
            )
        } else {
            // A server that requires TLS does this when the client does not use it. So does a server without HTTP/2.
            let isHungUp = error.message.contains("closed the connection before completing")
            let advice = isHungUp ? " Is it etcd, and does it want TLS (--etcd-ca)?" : ""
            self.init(.unavailable, "cannot connect: \(reason)\(advice)", .tryElsewhere)
        }
    }

    /// Whether etcd has no users, so that the call must be made without one.
    var saysNoUsers: Bool { text.contains("authentication is not enabled") }

    private static func isOfTLS(_ error: any Error) -> Bool {
        error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError
    }

    private static func causes(of error: any Error) -> [any Error] {
        var causes: [any Error] = []
        var next: (any Error)? = error
        while let error = next {
            causes.append(error)
            next = (error as? RPCError)?.cause ?? (error as? RuntimeError)?.cause
        }
        return causes
    }

    /// The error and its causes, in one line.
    private static func describe(_ error: any Error) -> String {
        causes(of: error).map(text).joined(separator: ": ")
    }

    private static func text(_ error: any Error) -> String {
        switch error {
        case let error as RPCError: error.message
        case let error as RuntimeError: error.message
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: TLSErrorText.words("\(error)")
        }
    }
}
