internal import FirnConfiguration

/// How the files that this process may open are shared out: to itself, to the framed protocol, to HTTP and to the admin
/// port. No limit is above what is left for it, or the last connections would be refused by the system, without a word.
struct DescriptorBudget: Equatable {
    struct Wishes: Equatable {
        var shards: Int
        /// Sockets that are listened on.
        var listeners: Int
        var servesHTTP = false
        /// Threads that serve it.
        var httpThreads = 1
        var servesAdmin = false
        /// `--max-connections`, `--max-http-connections`.
        var connections: Int?
        var httpConnections: Int?
    }

    /// Open connections of the framed protocol.
    private(set) var connections: Int
    private(set) var httpConnections: Int
    private(set) var adminConnections: Int
    /// Connections past those of HTTP or the admin port that are told that there are too many.
    private(set) var refusedHTTPConnections: Int
    /// What was lowered, and what to do.
    private(set) var warnings: [String] = []

    /// The default: as many as a load balancer in front keeps open. With few descriptors, the most of them stay with the
    /// framed protocol.
    private static let usualHTTPConnections = 1024
    /// Connections of probes, scrapers and people, and as many of them that are told that there are too many.
    private static let usualAdminConnections = 64
    /// What the daemon has open besides connections: standard input and output, store, state, log, with some to spare.
    private static let fixed = 20
    /// A thread that serves has an epoll and an eventfd; one of HTTP has a pipe besides.
    private static let ofShard = 2
    private static let ofHTTPThread = 3
    /// What is kept where there is enough, so that a new thing to open is no trouble.
    private static let comfortable = 64
    /// Fewer than this is said even when nobody asked for more.
    private static let few = 512

    init(descriptors: Int, _ wishes: Wishes) throws(ConfigurationError) {
        let servesOverHTTP = wishes.servesHTTP || wishes.servesAdmin
        let threads = wishes.servesHTTP ? wishes.httpThreads : 1
        let needed =
            Self.fixed + wishes.listeners + wishes.shards * Self.ofShard
            + (servesOverHTTP ? threads * Self.ofHTTPThread : 0)
        // Those who ask for more than there is are told so, and served with less.
        let minimum = needed + (servesOverHTTP ? 5 : 1)
        guard descriptors >= minimum else {
            throw ConfigurationError(
                "this process may open \(descriptors) files, and needs \(minimum) with \(wishes.shards + (servesOverHTTP ? threads : 0)) threads and one "
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
        self.adminConnections = adminConnections
        httpConnections = http
        refusedHTTPConnections = refused
        connections = min(wishes.connections ?? left, left)
        lowered("max-connections", wishes.connections, to: connections, descriptors)
        if wishes.servesHTTP {
            lowered("max-http-connections", wishes.httpConnections, to: httpConnections, descriptors)
        }
        if warnings.isEmpty, wishes.connections == nil, left < Self.few {
            let others = [(httpConnections, "HTTP"), (adminConnections, "the admin port")].filter { $0.0 > 0 }
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
