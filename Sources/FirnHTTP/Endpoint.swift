internal import FirnLayout
internal import FirnServer
internal import FirnWire
internal import NIOHTTP1

/// What a request comes down to.
enum Route {
    /// An answer that is known.
    case answer(HTTPAnswer)
    /// One ID, as `{"id":"…"}`.
    case freshID
    /// Something to be asked of the mint, and the answer that its runs get.
    case request(Request.Method, listName: String, IDFormat)
}

/// One route: a method on a path, what may be asked with it, and what it answers. The requests' way and the OpenAPI
/// description are both made of these.
struct Endpoint: Sendable {
    enum Segment: Sendable, Equatable {
        case fixed(String)
        case variable(String)
    }

    /// Something in the path or the query that the caller chooses.
    struct Parameter: Sendable {
        let name: String
        let isInPath: Bool
        let text: String
        let schema: JSON
    }

    /// An answer that is documented.
    struct Answer: Sendable {
        let status: Int
        let text: String
        /// The name of the body's schema in the description's components; `nil` where there is no body.
        let schema: String?
    }

    let operation: String
    let method: String
    let path: [Segment]
    let summary: String
    let parameters: [Parameter]
    let answers: [Answer]
    /// Whether query items that no endpoint knows are allowed: a client that wants to get past a cache adds one.
    var ignoresUnknownItems = false
    let route: @Sendable (Arguments) throws(HTTPAnswer) -> Route

    /// The path as OpenAPI writes it: `/ids/{id}`.
    var template: String {
        "/"
            + path.map {
                if case .variable(let name) = $0 { "{\(name)}" } else if case .fixed(let name) = $0 { name } else { "" }
            }
            .joined(separator: "/")
    }

    /// Whether `item` in the query says something here.
    func takes(_ item: String) -> Bool {
        parameters.contains { !$0.isInPath && $0.name == item }
    }

    /// The path's variables, where `segments` are of this path.
    func match(_ segments: [String]) -> [String: String]? {
        guard segments.count == path.count else { return nil }
        var variables: [String: String] = [:]
        for (segment, text) in zip(path, segments) {
            switch segment {
            case .fixed(let name): guard name == text else { return nil }
            case .variable(let name):
                guard !text.isEmpty else { return nil }
                variables[name] = text
            }
        }
        return variables
    }
}

/// What a request's path and query say, checked against what its endpoint knows.
struct Arguments {
    private let values: [String: String]
    let layout: Layout

    init(
        _ variables: [String: String],
        _ query: [RequestTarget.Item],
        of endpoint: Endpoint,
        layout: Layout
    ) throws(HTTPAnswer) {
        var values = variables
        for item in query {
            guard endpoint.takes(item.name) else {
                let others = Endpoint.all.filter { $0.takes(item.name) }.map(\.template)
                if endpoint.ignoresUnknownItems, others.isEmpty { continue }
                let known = endpoint.parameters.filter { !$0.isInPath }.map(\.name)
                var advice = known.isEmpty ? "it takes none" : "it takes \(known.joined(separator: ", "))"
                if known.isEmpty, !others.isEmpty { advice += ", and \(others.joined(separator: ", ")) do" }
                throw .refused(
                    .badRequest,
                    "\(endpoint.template) has no query item '\(RequestTarget.excerpt(item.name))'; \(advice)"
                )
            }
            guard values.updateValue(item.value, forKey: item.name) == nil else {
                throw .refused(.badRequest, "the query item '\(item.name)' is given twice; give it once")
            }
        }
        self.values = values
        self.layout = layout
    }

    /// How many are asked for; 1 where that is not said. Which numbers are too many the mint knows.
    func count() throws(HTTPAnswer) -> UInt32 {
        guard let text = values["count"] else { return 1 }
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let count = UInt32(text)
        else {
            throw .refused(
                .badRequest,
                "the count '\(RequestTarget.excerpt(text))' is no number of IDs; give decimal digits, 1 or more"
            )
        }
        return count
    }

    func format() throws(HTTPAnswer) -> IDFormat {
        guard let text = values["format"] else { return .decimal }
        guard let format = IDFormat(name: text) else {
            throw .refused(
                .badRequest,
                "the format '\(RequestTarget.excerpt(text))' is not known; give "
                    + IDFormat.allCases.map(\.name).joined(separator: ", ")
            )
        }
        return format
    }

    func name(_ variable: String) throws(HTTPAnswer) -> Name {
        let text = values[variable] ?? ""
        guard let name = Name(text) else {
            throw .refused(
                .badRequest,
                "the \(variable) '\(RequestTarget.excerpt(text))' is not allowed; it has 1 to \(Name.maximumLength) characters of A-Z, a-z, 0-9, '.', '_' and '-'"
            )
        }
        return name
    }

    func decodedID() throws(HTTPAnswer) -> DecodedID {
        let format = try format()
        do {
            let layout = try values["layout"].map { try Layout(parsing: $0) } ?? layout
            return layout.decode(try FirnID(parsing: values["id"] ?? "", format: format))
        } catch {
            throw .refused(.badRequest, "\(error)")
        }
    }
}
