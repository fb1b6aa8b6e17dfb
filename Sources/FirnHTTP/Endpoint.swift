internal import FirnEngine
internal import FirnLayout
internal import FirnServer
internal import FirnWire
internal import NIOHTTP1

/// What a request is routed to.
enum Route {
    /// An answer that is already known.
    case answer(HTTPAnswer)
    /// One ID, as `{"id":"…"}`.
    case freshID
    /// A request to the mint, and how its runs are written.
    case request(Request.Method, listName: String, IDFormat)
}

/// One route: a method on a path, its parameters and its answers. Routing and the OpenAPI description both use it.
struct Endpoint: Sendable {
    enum Segment: Sendable, Equatable {
        case fixed(String)
        case variable(String)
    }

    /// A parameter in the path or the query.
    struct Parameter: Sendable {
        let name: String
        let isInPath: Bool
        let text: String
        let schema: JSON
        /// One in the path always is.
        var isRequired = false
    }

    /// A documented answer.
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
    /// Whether unknown query items are allowed: a client that bypasses a cache adds one.
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

    /// Whether `item` is a parameter in the query.
    func takes(_ item: String) -> Bool {
        parameters.contains { !$0.isInPath && $0.name == item }
    }

    /// The values of the path's variables if `segments` match this path, else `nil`.
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

/// The arguments in a request's path and query, checked against its endpoint's parameters.
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

    /// The number of IDs that is requested; 1 by default. The mint checks whether it is too large.
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

    /// A number of up to 64 bits in decimal digits; `nil` where there is none.
    func number(_ name: String, maximum: UInt64 = .max) throws(HTTPAnswer) -> UInt64? {
        guard let text = values[name] else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt64(text), number <= maximum
        else {
            throw .refused(
                .badRequest,
                "the \(name) '\(RequestTarget.excerpt(text))' is not a number from 0 to \(maximum); give decimal digits"
            )
        }
        return number
    }

    func required(_ name: String, maximum: UInt64 = .max) throws(HTTPAnswer) -> UInt64 {
        guard let number = try number(name, maximum: maximum) else {
            throw .refused(
                .badRequest,
                "the query item '\(name)' is missing; give it as the lease's last answer had it"
            )
        }
        return number
    }

    /// A host's or a pod's name; empty where there is none.
    func label(_ name: String) throws(HTTPAnswer) -> String {
        let text = values[name] ?? ""
        guard let label = LeaseCall.Beginning.label(text.utf8) else {
            throw .refused(
                .badRequest,
                "the \(name) '\(RequestTarget.excerpt(text))' is not allowed; it has at most "
                    + "\(LeaseCall.Beginning.maximumTextLength) bytes and no control characters"
            )
        }
        return label
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
        guard let text = values[variable] else {
            throw .refused(
                .badRequest,
                "the query item '\(variable)' is missing; give 1 to \(Name.maximumLength) characters of A-Z, a-z, 0-9, '.', '_' "
                    + "and '-'"
            )
        }
        guard let name = Name(text) else {
            throw .refused(
                .badRequest,
                "the \(variable) '\(RequestTarget.excerpt(text))' is not allowed; it has 1 to \(Name.maximumLength) characters of A-Z, a-z, 0-9, '.', '_' and '-'"
            )
        }
        return name
    }

    /// The value of the query item `layout` that asks for every known layout, in capital or small letters.
    static let guess = "guess"

    /// What an ID says in one layout, or, where that is ``guess``, in each that is known.
    func decodedID() throws(HTTPAnswer) -> HTTPAnswer {
        let format = try format()
        let now = UTCTime(unixNanoseconds: SystemTimeSource().wallNanoseconds())
        do throws(LayoutError) {
            let text = values["id"] ?? ""
            let id = try FirnID(parsing: text, format: format)
            let note = [format.note(onReading: text)].compactMap(\.self)
            if values["layout"]?.lowercased() == Self.guess {
                let guess = LayoutGuess([id], now: now)
                return .ok(guess.json.adding(hints: note + guess.remarks(ofIDs: 1)))
            }
            let layout = if let name = values["layout"] { try Layout(parsing: name) } else { layout }
            let doubt = IDDoubts(layout: layout, now: now).hint(on: id)
            let json = layout.decode(id).json
                .adding(hints: note + [doubt].compactMap(\.self), warnings: layout.warnings)
            // A time in the future comes to pass.
            return .ok(json, isCacheable: doubt == nil)
        } catch {
            let others = error.code == .invalidLayout ? " layout=guess tries all that are known." : ""
            throw .refused(.badRequest, "\(error)\(others)")
        }
    }
}
