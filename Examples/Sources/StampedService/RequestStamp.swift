internal import FirnClient
internal import FirnLayout
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// What a handler knows of its request; here its ID.
struct StampedContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Unique among all requests of all services that ask daemons of one store; its top bits are the time it came.
    var requestID: FirnID

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        requestID = FirnID(rawValue: 0)  // RequestStamp comes before every handler.
    }
}

/// Gives each request an ID: in its context, in every line of its log and in the answer's `X-Request-ID`.
struct RequestStamp: RouterMiddleware {
    typealias Context = StampedContext

    let ids: Prefetcher

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var context = context
        do {
            // Memory first; only when that is empty, as at the very start, does a request wait.
            context.requestID = if let id = ids.nextIfAvailable() { id } else { try await ids.next() }
        } catch {
            context.logger.warning("no ID for a request", metadata: ["error": "\(error)"])
            throw HTTPError(.serviceUnavailable, message: "No request ID could be had.")
        }
        context.logger[metadataKey: "request"] = "\(context.requestID)"
        var response = try await next(request, context)
        response.headers[.requestID] = "\(context.requestID)"
        return response
    }
}

extension HTTPField.Name {
    static let requestID = Self("X-Request-ID")!
}
