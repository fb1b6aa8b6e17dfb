internal import FirnLayout
internal import NIOHTTP1

/// Maps a request's method and target to a route. Pure.
struct Router: Sendable {
    let layout: Layout

    func route(method: String, target text: String) throws(HTTPAnswer) -> Route {
        // The most frequent request, without parsing the target.
        if text == "/", method == "GET" || method == "HEAD" { return .freshID }
        let target = try RequestTarget(parsing: text)
        let there = try endpoints(at: target, text)
        guard let (endpoint, variables) = there.first(where: { Self.answers($0.0, method) }) else {
            let methods = Self.methods(there.map(\.0))
            var answer = HTTPAnswer.refused(
                .methodNotAllowed,
                "\(there[0].0.template) is not asked with \(RequestTarget.excerpt(method)); use \(methods.joined(separator: " or "))"
            )
            answer.allow = methods.joined(separator: ", ")
            throw answer
        }
        return try endpoint.route(Arguments(variables, target.query, of: endpoint, layout: layout))
    }

    /// The methods that a target's path has.
    func methods(at text: String) throws(HTTPAnswer) -> [String] {
        Self.methods(try endpoints(at: RequestTarget(parsing: text), text).map(\.0))
    }

    private static func methods(_ endpoints: [Endpoint]) -> [String] {
        endpoints.flatMap { $0.method == "GET" ? ["GET", "HEAD"] : [$0.method] }
    }

    private func endpoints(
        at target: RequestTarget,
        _ text: String
    ) throws(HTTPAnswer) -> [(Endpoint, variables: [String: String])] {
        let there = Endpoint.all.compactMap { endpoint in endpoint.match(target.path).map { (endpoint, $0) } }
        guard !there.isEmpty else {
            throw .refused(
                .notFound,
                "there is nothing at '\(RequestTarget.excerpt(text))'; /openapi.json describes what there is"
            )
        }
        return there
    }

    /// HEAD is handled as GET, without the body.
    private static func answers(_ endpoint: Endpoint, _ method: String) -> Bool {
        endpoint.method == method || (method == "HEAD" && endpoint.method == "GET")
    }
}
