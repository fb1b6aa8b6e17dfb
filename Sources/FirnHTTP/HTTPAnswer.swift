internal import FirnLayout
internal import FirnWire
internal import NIOHTTP1

/// One answer, before it is bytes.
struct HTTPAnswer: Error {
    enum Body {
        /// `{"id":"…"}`
        case id(FirnID)
        case text(String)
        case bytes([UInt8])
        case ids(IDList)
        /// Not even one without bytes: 204 and 304 have none (RFC 9110, section 6.4.1).
        case none
    }

    var status: HTTPResponseStatus
    var contentType = "application/json"
    var body: Body
    /// The methods that the path has, where another was used.
    var allow: String?
    var retryAfterSeconds: UInt32?
    /// Whether two requests may be given the same answer.
    var isCacheable = false
    /// Names this very body; a client that has it already is told so (304).
    var entityTag: String?
    /// The origin whose pages may read the answer; `*` for all.
    var readers: String?
    /// Whether pages of another origin might be answered otherwise.
    var variesByOrigin = false
    /// What a page may do with the path, where it asked.
    var preflightMethods: String?

    /// An answer that went well.
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

    /// What the engine and the store refuse with, in HTTP's terms.
    static func refused(_ status: Status) -> HTTPAnswer {
        var answer = refused(httpStatus(of: status.code), status.message)
        if status.retryAfterMilliseconds > 0 || answer.status == .serviceUnavailable {
            answer.retryAfterSeconds = max(
                1,
                (status.retryAfterMilliseconds / 1000) + (status.retryAfterMilliseconds % 1000 > 0 ? 1 : 0)
            )
        }
        return answer
    }

    /// As google.rpc.Code has it, but that a deadline that passed is 503: what took too long here is worth trying again.
    private static func httpStatus(of code: Status.Code) -> HTTPResponseStatus {
        switch code {
        case .invalidArgument, .failedPrecondition: .badRequest
        case .permissionDenied: .forbidden
        case .resourceExhausted: .tooManyRequests
        case .unimplemented: .notImplemented
        case .unavailable, .deadlineExceeded: .serviceUnavailable
        default: .internalServerError
        }
    }
}
