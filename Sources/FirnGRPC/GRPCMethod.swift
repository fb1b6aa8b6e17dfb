internal import FirnServer
internal import FirnWire

/// A method that the server has.
enum GRPCMethod: Equatable {
    /// A unary method of `firn.v1.IDService`.
    case unary(ServiceMethod)
    case streamIDs
    case checkHealth
    case listHealth
    case watchHealth
    case reflect

    /// Whether the client sends any number of messages, each of which is answered when it arrives.
    var isConversation: Bool { self == .reflect }

    /// Whether its calls are among those that the daemon counts: they take or administer IDs.
    var isCounted: Bool {
        switch self {
        case .unary, .streamIDs: true
        case .checkHealth, .listHealth, .watchHealth, .reflect: false
        }
    }

    /// What a call's token must allow; empty where any token is enough, `nil` where none is asked for: probes show none.
    var scope: TokenScope? {
        switch self {
        case .unary(let method): TokenScope(neededOverGRPC: method)
        case .streamIDs: .ids
        case .reflect: []
        case .checkHealth, .listHealth, .watchHealth: nil
        }
    }

    /// The service of Firn's own methods, in health too.
    static let idService = "firn.v1.IDService"
    static let healthService = "grpc.health.v1.Health"
    static let reflectionServices = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

    /// All methods by their path.
    static let byPath: [String: GRPCMethod] = {
        var methods: [String: GRPCMethod] = [:]
        for method in ServiceMethod.allCases { methods["/\(idService)/\(method.name)"] = .unary(method) }
        methods["/\(idService)/StreamIDs"] = .streamIDs
        methods["/\(healthService)/Check"] = .checkHealth
        methods["/\(healthService)/List"] = .listHealth
        methods["/\(healthService)/Watch"] = .watchHealth
        for service in reflectionServices { methods["/\(service)/ServerReflectionInfo"] = .reflect }
        return methods
    }()

    /// The error of a path that there is not.
    static func unknown(_ path: String) -> Status {
        let known = byPath.keys.filter { $0.hasPrefix("/\(idService)/") }.sorted()
        return Status(
            .unimplemented,
            "there is no method \(path.excerpt) here; "
                + "there are \(known.joined(separator: ", ")), and health and reflection"
        )
    }
}
