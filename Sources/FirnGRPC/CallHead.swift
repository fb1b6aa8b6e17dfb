internal import FirnWire

/// What a call's header fields say.
struct CallHead {
    /// Why a call is refused before its message is read.
    enum Refusal: Error, Equatable {
        /// The request is not one of gRPC: an HTTP status.
        case http(Int)
        case status(Status)
        /// The token is none, or allows other calls. Counted as a refused token, and not as a call.
        case token(Status)
    }

    let method: GRPCMethod
    /// How long the call may take; `nil`: without end.
    let timeoutNanoseconds: Int64?
    /// The value of `authorization`. Several are joined, and so none.
    private let authorization: String?

    init(_ fields: RequestFields) throws(Refusal) {
        guard fields.method == "POST" else { throw .http(405) }
        guard Self.isGRPC(fields.contentType) else { throw .http(415) }
        guard let method = GRPCMethod.byPath[fields.path] else {
            throw .status(GRPCMethod.unknown(fields.path))
        }
        self.method = method
        authorization = fields.authorization
        do {
            timeoutNanoseconds = try fields.timeout.map { text throws(Status) in try CallTimeout.nanoseconds(text) }
        } catch {
            throw .status(error)
        }
    }

    /// The token that the call shows; `nil` if it shows none.
    var token: BearerToken? { authorization.map { BearerToken(authorization: $0) } }

    /// `application/grpc` and `application/grpc+proto`, with parameters or without.
    private static func isGRPC(_ contentType: String) -> Bool {
        if contentType == "application/grpc" { return true }
        let type = contentType.prefix { $0 != ";" && $0 != " " }.lowercased()
        return type == "application/grpc" || type == "application/grpc+proto"
    }
}
