internal import FirnConfiguration

/// How the descriptors of this process are divided: among the process itself, the framed protocol, HTTP and the admin
/// port. No limit exceeds its share; otherwise the system would refuse the last connections without an error message.
struct DescriptorBudget: Equatable {
    struct Wishes: Equatable {
        var shards: Int
        /// Listening sockets.
        var listeners: Int
        var servesHTTP = false
        /// Threads that serve HTTP.
        var httpThreads = 1
        var servesAdmin = false
        /// Threads that serve the framed protocol with TLS.
        var tlsThreads = 0
        /// `--max-connections`, `--max-http-connections`.
        var connections: Int?
        var httpConnections: Int?
        var servesGRPC = false
        /// Threads that serve gRPC.
        var grpcThreads = 1
        /// `--max-grpc-connections`.
        var grpcConnections: Int?
    }

    /// Open connections of the framed protocol.
    private(set) var connections: Int
    private(set) var httpConnections: Int
    private(set) var grpcConnections = 0
    private(set) var adminConnections: Int
    /// Connections past the limit of HTTP or the admin port that get an answer saying so.
    private(set) var refusedHTTPConnections: Int
    /// Limits that were lowered, and what to do.
    private(set) var warnings: [String] = []

    /// The default: as many as a load balancer keeps open. With few descriptors, most of them are for the framed
    /// protocol.
    private static let usualHTTPConnections = 1024
    /// Connections of probes, scrapers and people, and as many past the limit that get an answer saying so.
    private static let usualAdminConnections = 64
    /// Descriptors other than connections: standard input and output, store, state and log, with a few in reserve.
    private static let fixed = 20
    /// A serving thread has an epoll and an eventfd; a thread of SwiftNIO, for HTTP and TLS, also has a pipe.
    private static let ofShard = 2
    private static let ofHTTPThread = 3
    /// Kept in reserve where there are enough, so that a new use of descriptors causes no shortage.
    private static let comfortable = 64
    /// Fewer than this causes a warning even if no limit was set.
    private static let few = 512

    init(descriptors: Int, _ wishes: Wishes) throws(ConfigurationError) {
        let servesOverHTTP = wishes.servesHTTP || wishes.servesAdmin
        let threads = wishes.servesHTTP ? wishes.httpThreads : 1
        let needed =
            Self.fixed + wishes.listeners + wishes.shards * Self.ofShard + wishes.tlsThreads * Self.ofHTTPThread
            + (servesOverHTTP ? threads * Self.ofHTTPThread : 0)
            + (wishes.servesGRPC ? wishes.grpcThreads * Self.ofHTTPThread : 0)
        // A limit that is higher than possible is lowered with a warning, so it does not count here.
        let minimum = needed + (servesOverHTTP ? 5 : 1) + (wishes.servesGRPC ? 1 : 0)
        let allThreads =
            wishes.shards + (servesOverHTTP ? threads : 0) + (wishes.servesGRPC ? wishes.grpcThreads : 0)
        guard descriptors >= minimum else {
            throw ConfigurationError(
                "this process may open \(descriptors) files, and needs \(minimum) with \(allThreads) threads and one "
                    + "connection; raise that limit (ulimit -n, or LimitNOFILE= in a unit), or lower --shards"
            )
        }
        let available = descriptors - max(needed, min(Self.comfortable, descriptors / 2))
        // Enough for two probes, a scraper and a person with a browser.
        let part = max(1, min(4, available / 8), available / 16)
        let adminConnections = wishes.servesAdmin ? min(Self.usualAdminConnections, part) : 0
        let refused = servesOverHTTP ? min(Self.usualAdminConnections, part) : 0
        let admin = wishes.servesAdmin ? adminConnections + refused : 0
        var left = max(1, available - admin)
        var http = 0
        if wishes.servesHTTP {
            let ceiling = max(1, left - refused - 1)
            http = min(wishes.httpConnections ?? min(Self.usualHTTPConnections, max(1, descriptors / 4)), ceiling)
            left = max(1, left - http - refused)
        }
        if wishes.servesGRPC {
            let usual = min(Self.usualHTTPConnections, max(1, descriptors / 4), max(1, left / 2))
            grpcConnections = min(wishes.grpcConnections ?? usual, max(1, left - 1))
            left = max(1, left - grpcConnections)
        }
        self.adminConnections = adminConnections
        httpConnections = http
        refusedHTTPConnections = refused
        connections = min(wishes.connections ?? left, left)
        lowered("max-connections", wishes.connections, to: connections, descriptors)
        if wishes.servesHTTP {
            lowered("max-http-connections", wishes.httpConnections, to: httpConnections, descriptors)
        }
        if wishes.servesGRPC {
            lowered("max-grpc-connections", wishes.grpcConnections, to: grpcConnections, descriptors)
        }
        if warnings.isEmpty, wishes.connections == nil, left < Self.few {
            let others = [(httpConnections, "HTTP"), (grpcConnections, "gRPC"), (adminConnections, "the admin port")]
                .filter { $0.0 > 0 }
                .map { ", and \($0.0) of \($0.1)" }.joined()
            warnings.append(
                "this process may open \(descriptors) files, so it takes \(connections) connections at once\(others); raise "
                    + "that limit (ulimit -n, or LimitNOFILE= in a unit) if more are to come"
            )
        }
    }

    private mutating func lowered(_ option: String, _ wish: Int?, to limit: Int, _ descriptors: Int) {
        guard let wish, wish > limit else { return }
        warnings.append(
            "--\(option) is \(wish) and was lowered to \(limit): this process may open \(descriptors) files, and has others "
                + "open besides; raise that limit (ulimit -n, or LimitNOFILE= in a unit)"
        )
    }
}
