internal import FirnWire
internal import NIOHPACK

/// What a call's header fields say.
struct CallHead {
    /// Why a call is refused before its message is read.
    enum Refusal: Error, Equatable {
        /// The request is not one of gRPC: an HTTP status.
        case http(Int)
        case status(Status)
    }

    let method: GRPCMethod
    /// How long the call may take; `nil`: without end.
    let timeoutNanoseconds: Int64?
    /// The value of `authorization`. Several are joined, and so none.
    private let authorization: String?

    init(_ fields: HPACKHeaders) throws(Refusal) {
        var path = ""
        var httpMethod = ""
        var contentType = ""
        var timeout: String?
        var authorization: String?
        for (name, value, _) in fields {
            switch name {
            case ":path": path = value
            case ":method": httpMethod = value
            case "content-type": contentType = value
            case "grpc-timeout": timeout = value
            case "authorization": authorization = authorization.map { "\($0), \(value)" } ?? value
            default: break
            }
        }
        guard httpMethod == "POST" else { throw .http(405) }
        guard Self.isGRPC(contentType) else { throw .http(415) }
        guard let method = GRPCMethod.byPath[path] else { throw .status(GRPCMethod.unknown(path)) }
        self.method = method
        self.authorization = authorization
        do {
            timeoutNanoseconds = try timeout.map { text throws(Status) in try CallTimeout.nanoseconds(text) }
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
