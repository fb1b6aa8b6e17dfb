internal import FirnLayout
internal import FirnWire
internal import NIOHTTP1

/// One answer, before it is serialized.
struct HTTPAnswer: Error {
    enum Body {
        /// `{"id":"…"}`
        case id(FirnID)
        case text(String)
        case bytes([UInt8])
        case ids(IDList)
        /// No body, not even an empty one: 204 and 304 have none (RFC 9110, section 6.4.1).
        case none
    }

    var status: HTTPResponseStatus
    var contentType = "application/json"
    var body: Body
    /// The methods that the path has, when the request used another.
    var allow: String?
    var retryAfterSeconds: UInt32?
    /// The request lacks a token, or has a wrong one.
    var asksForToken = false
    /// Whether two requests may get the same answer.
    var isCacheable = false
    /// Identifies this exact body; a client that already has it gets 304.
    var entityTag: String?
    /// The origin whose pages may read the answer; `*` for all.
    var readers: String?
    /// Whether pages of another origin might get another answer.
    var variesByOrigin = false
    /// The methods that a page may use on this path, when a preflight asked for them.
    var preflightMethods: String?

    /// A successful answer.
    static func ok(_ json: JSON, isCacheable: Bool = false) -> HTTPAnswer {
        HTTPAnswer(status: .ok, body: .text(json.text), isCacheable: isCacheable)
    }

    static func ids(_ list: IDList) -> HTTPAnswer {
        HTTPAnswer(status: .ok, body: .ids(list))
    }

    /// A refusal. `message` says what was wrong, with what value, and what to do.
    static func refused(_ status: HTTPResponseStatus, _ message: String) -> HTTPAnswer {
        HTTPAnswer(status: status, body: .text(JSON.object([("error", .string(message))]).text))
    }

    /// A refusal by the engine or the store, as an HTTP answer.
    static func refused(_ status: Status) -> HTTPAnswer {
        var answer = refused(httpStatus(of: status.code), status.message)
        answer.asksForToken = status.code == .unauthenticated
        if status.retryAfterMilliseconds > 0 || answer.status == .serviceUnavailable {
            answer.retryAfterSeconds = max(
                1,
                (status.retryAfterMilliseconds / 1000) + (status.retryAfterMilliseconds % 1000 > 0 ? 1 : 0)
            )
        }
        return answer
    }

    /// The mapping of google.rpc.Code, except that a passed deadline is 503: the request is worth a retry.
    private static func httpStatus(of code: Status.Code) -> HTTPResponseStatus {
        switch code {
        case .invalidArgument, .failedPrecondition: .badRequest
        case .unauthenticated: .unauthorized
        case .aborted: .conflict
        case .permissionDenied: .forbidden
        case .resourceExhausted: .tooManyRequests
        case .unimplemented: .notImplemented
        case .unavailable, .deadlineExceeded: .serviceUnavailable
        default: .internalServerError
        }
    }
}
