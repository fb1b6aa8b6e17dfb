internal import ArgumentParser
internal import FirnConfiguration

/// The options of the command line. `Configuration` interprets them.
///
/// This is the command itself and not a group in it: in a debug build the parser checks each group five times as often
/// as the type that contains it, and one more level made the daemon's start 0.15 s slower.
struct Options: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firnd",
        abstract: "Hands out unique 64-bit IDs over Unix and TCP sockets.",
        discussion: """
            Every option is also read from the environment (--log-level from FIRN_LOG_LEVEL) and from the file given by \
            --config or FIRN_CONFIG (log-level = info); the command line wins over the environment, the environment over \
            the file. A flag is true or false there. An empty variable counts as not set. A duration is a number and \
            its unit: 500ms, 3s, 5m, 1h. A variable that looks like a \
            setting and is none is warned of; those that Kubernetes sets for a Service are not.

            Exit codes: 0 stopped as asked, 64 a wrong command line, 70 a bug or a lost command line, 71 the system \
            refused, 74 the store or the state directory cannot be used, 75 another daemon is in the way, 78 the \
            configuration, the clock or the store's content is wrong, or the layout's time has ended. --check has those \
            that the start would have.
            """,
        version: FirnVersion.text
    )

    @Option(
        help: ArgumentHelp(
            "A file of settings, one 'name = value' a line. Default: $FIRN_CONFIG.",
            valueName: "path"
        )
    )
    var config: String?

    @Flag(help: "Check the configuration as the start does, short of claiming a worker; print it, and exit.")
    var check = false

    @OptionGroup(title: "Sockets")
    var sockets: SocketOptions

    @OptionGroup(title: "TLS")
    var tls: TLSOptions

    @OptionGroup(title: "IDs")
    var ids: IDOptions

    @OptionGroup(title: "etcd")
    var etcd: EtcdOptions

    @OptionGroup(title: "PostgreSQL")
    var postgres: PostgresOptions

    @OptionGroup(title: "Another daemon's store")
    var upstream: UpstreamOptions

    @OptionGroup(title: "Limits")
    var limits: LimitOptions

    @OptionGroup(title: "Log")
    var log: LogOptions
}

/// Where the daemon listens, and who may connect.
struct SocketOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where to listen: unix:PATH, tcp:HOST:PORT or tls:HOST:PORT. May be given more than once.",
            discussion:
                "Default: /run/firn/firn.sock where that is allowed, else one below $XDG_RUNTIME_DIR, else below /tmp.",
            valueName: "address"
        )
    )
    var listen: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where to serve HTTP: HOST:PORT, such as 127.0.0.1:3000, or with TLS tls:HOST:PORT. May be given more than once. Default: nowhere.",
            valueName: "address"
        )
    )
    var http: [String] = []

    @Option(
        help: ArgumentHelp(
            "An origin such as https://app.example.com whose web pages may use --http as programs may, or *. May be given more than once.",
            discussion:
                "Default: pages of other origins can read no answer and take no tickets. With * all pages of all hosts may.",
            valueName: "origin"
        )
    )
    var httpAllowOrigin: [String] = []

    @Option(
        help: ArgumentHelp(
            "A host's name by which HTTP is asked for on a loopback address, such as a proxy's. May be given more than once.",
            discussion: "Default: localhost, the names in --http and --admin, and the host's own.",
            valueName: "name"
        )
    )
    var httpAllowHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where to serve gRPC: HOST:PORT, unix:PATH, or with TLS tls:HOST:PORT. May be given more than once. Default: nowhere.",
            valueName: "address"
        )
    )
    var grpc: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where to tell over HTTP how the daemon fares: HOST:PORT, unix:PATH, or with TLS tls:HOST:PORT. May be given more than once. Default: nowhere.",
            valueName: "address"
        )
    )
    var admin: [String] = []

    @Option(help: ArgumentHelp("Permission bits of Unix sockets, in octal.", valueName: "mode"))
    var socketMode = "0660"

    @Option(help: ArgumentHelp("Owner of Unix sockets: a user's name or number.", valueName: "user"))
    var socketOwner: String?

    @Option(help: ArgumentHelp("Group of Unix sockets: a group's name or number.", valueName: "group"))
    var socketGroup: String?

    @Option(
        help: ArgumentHelp(
            "A user, by name or number, who may connect to Unix sockets. May be given more than once. Default: all users that the mode lets.",
            valueName: "user"
        )
    )
    var allowUid: [String] = []

    @Option(
        help: ArgumentHelp(
            "A group, by name or number, whose members may connect to Unix sockets, as their primary or a supplementary group. May be given more than once.",
            valueName: "group"
        )
    )
    var allowGid: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file of tokens, one 'NAME TOKEN' a line: peers that come over TCP must show one. Default: none is asked for.",
            discussion:
                "'NAME TOKEN ids,tickets' limits a token to some of ids, tickets, leases, admin and store; store must be named. Unix sockets ask for no token.",
            valueName: "path"
        )
    )
    var tokenFile: String?

    @Flag(help: "Allow addresses that other hosts can reach without a token or a client certificate.")
    var insecureTcp = false
}

/// How IDs are divided into fields, which worker mints them, and where the worker's state is stored.
struct IDOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A preset's name, or fields such as 'time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:12'.",
            valueName: "layout"
        )
    )
    var layout = "snowflake"

    @Option(
        help: ArgumentHelp(
            "Where workers and windows are kept: sqlite:PATH, postgres://USER@HOST/DATABASE, etcd:HOST:PORT[,HOST:PORT…], firn:ADDRESS[,ADDRESS…] or memory.",
            discussion:
                "Default: firn.db in /var/lib/firn, else in $XDG_STATE_HOME/firn, else beside the socket. A password for PostgreSQL is in a password file (PGPASSFILE). firn: is the store of other daemons, which have --serve-store.",
            valueName: "store"
        )
    )
    var store: String?

    @Option(
        help: ArgumentHelp(
            "Where to remember, apart from the store, what it granted; or none.",
            discussion:
                "By it a store that was restored from an older copy is noticed. Default: /var/lib/firn, else $XDG_STATE_HOME/firn, else below /tmp.",
            valueName: "directory"
        )
    )
    var stateDir: String?

    @Option(
        help: ArgumentHelp(
            "Which worker: auto, a number, pod-ip or ordinal.",
            discussion:
                "ordinal is $POD_INDEX (the label apps.kubernetes.io/pod-index), else the number at the end of $POD_NAME.",
            valueName: "rule"
        )
    )
    var worker = "auto"

    @Option(
        help: ArgumentHelp(
            "Workers that are never claimed or leased, such as 0-31,77. Default: none.",
            discussion:
                "For those of another system that makes IDs of the same layout. Each daemon of a store needs it, where 'firn workers reserve' is not used.",
            valueName: "workers"
        )
    )
    var excludeWorkers: String?

    @Option(help: ArgumentHelp("The pod's address for --worker pod-ip. Default: $MY_IP.", valueName: "address"))
    var podIp: String?

    @Option(help: ArgumentHelp("How many workers to hold; capacity grows with them.", valueName: "count"))
    var workers = 1

    @Option(help: ArgumentHelp("How many threads serve. Default: one a core.", valueName: "count"))
    var shards: Int?

    @Option(
        help: ArgumentHelp(
            "How many threads serve HTTP. Default: as --shards, at most one for each 50,000 IDs per second of the layout.",
            valueName: "count"
        )
    )
    var httpThreads: Int?

    @Option(help: ArgumentHelp("How many threads serve gRPC. Default: as for HTTP.", valueName: "count"))
    var grpcThreads: Int?

    @Option(
        help: ArgumentHelp(
            "With which sequence number a tick begins: zero, or random, another one in each tick.",
            discussion:
                "At low rates zero gives IDs that all end in zeros. With random a burst may find half of its first tick.",
            valueName: "rule"
        )
    )
    var firstSequence = FirstSequenceRule.zero

    @Option(
        help: ArgumentHelp(
            "How far ahead time is reserved in the store. Default: 3s; with PostgreSQL and etcd 60s.",
            valueName: "duration"
        ),
        transform: DurationText.init(parsing:)
    )
    var window: DurationText?

    @Option(
        duration: ArgumentHelp(
            "Let the window end, and write nothing, once no IDs were taken for so long; off to extend it always.",
            discussion:
                "The next request waits for one write to the store, which extends the window or claims another worker.",
            valueName: "duration"
        )
    )
    var restAfter = DurationText(.seconds(30))

    @Flag(help: "Refuse unknown sequences instead of making them on first use.")
    var sequencesExplicit = false

    @Option(
        help: ArgumentHelp(
            "Reserve this many values of a sequence at a time. Default: as many as ten seconds take.",
            discussion: "1 is the strict choice: across all daemons a later call gets the higher value.",
            valueName: "count"
        )
    )
    var sequenceBlock: UInt64?

    @Option(help: ArgumentHelp("The largest block of values that a sequence's rate may ask for.", valueName: "count"))
    var maxSequenceBlock: UInt64 = 1_000_000

    @Option(help: ArgumentHelp("Sequences kept in memory; past it the least used are given back.", valueName: "count"))
    var maxSequences = 10_000

    @Option(
        help: ArgumentHelp(
            "Lease at most this many workers at a time to processes that mint by themselves; 0 for none.",
            discussion:
                "Default: a quarter of the workers that may be claimed, at most 4096; 0 unless --worker is auto, and with a store in memory. Each daemon of a store counts its own.",
            valueName: "count"
        )
    )
    var maxLeases: Int?

    @Option(
        duration: ArgumentHelp("How long a lease lasts unless its holder asks for another time.", valueName: "duration")
    )
    var leaseWindow = DurationText(.seconds(60))

    @Option(
        duration: ArgumentHelp(
            "How long a lease may last, at most. All daemons of a store should have the same.",
            valueName: "duration"
        )
    )
    var maxLeaseWindow = DurationText(.seconds(300))

    @Flag(help: "Serve the store's records to daemons that have --store firn:ADDRESS, as to peers of the store.")
    var serveStore = false

    @Option(
        duration: ArgumentHelp(
            "How far the wall clock may be ahead and is still believed, and behind at start.",
            valueName: "duration"
        )
    )
    var clockTolerance = DurationText(.seconds(3600))

    // Only on the command line (`Settings.commandLineOnly`): in a file or the environment it might be forgotten.
    @Option(
        help: ArgumentHelp(
            "Run as if the wall clock were so much ahead (+1h) or behind (-1h). For rehearsals: IDs carry wrong times.",
            valueName: "offset",
            visibility: .hidden
        )
    )
    var clockOffset = ClockOffset()
}

/// Limits of what a peer may use. `Limits` gives the reasons for the defaults.
struct LimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("IDs of one NextBatch, at most.", valueName: "count"))
    var maxBatch: UInt32 = 65_536

    @Option(help: ArgumentHelp("Open connections. Default: the limit of file descriptors less 64.", valueName: "count"))
    var maxConnections: Int?

    @Option(help: ArgumentHelp("Open Unix connections of one user. Default: seven eighths of all.", valueName: "count"))
    var maxConnectionsPerUid: Int?

    @Option(
        help: ArgumentHelp(
            "Open HTTP connections. Default: 1024, or a quarter of the file descriptors.",
            valueName: "count"
        )
    )
    var maxHttpConnections: Int?

    @Option(
        help: ArgumentHelp(
            "Open gRPC connections. Default: 1024, or a quarter of the file descriptors.",
            valueName: "count"
        )
    )
    var maxGrpcConnections: Int?

    @Option(help: ArgumentHelp("Calls of one connection that wait for a tick.", valueName: "count"))
    var maxWaitingCalls = 1024

    @Option(help: ArgumentHelp("Bytes of answers that one peer has not taken.", valueName: "bytes"))
    var maxUnsentBytes = 256 * 1024

    @Option(help: ArgumentHelp("Frames that one connection is served before the next one's turn.", valueName: "count"))
    var maxFramesPerTurn = 64

    @Option(duration: ArgumentHelp("How long unsent answers may make no progress.", valueName: "duration"))
    var sendTimeout = DurationText(.seconds(10))

    @Option(duration: ArgumentHelp("From a frame's first byte to its last.", valueName: "duration"))
    var frameTimeout = DurationText(.seconds(5))

    @Option(duration: ArgumentHelp("How long a Unix connection may be silent, or off.", valueName: "duration"))
    var unixIdleTimeout = DurationText(nil)

    @Option(duration: ArgumentHelp("How long a TCP connection may be silent, or off.", valueName: "duration"))
    var tcpIdleTimeout = DurationText(.seconds(300))

    @Option(
        duration: ArgumentHelp("How long an HTTP connection may be silent between requests.", valueName: "duration")
    )
    var httpIdleTimeout = DurationText(.seconds(60))

    @Option(
        duration: ArgumentHelp("How long connections are given to finish when the daemon stops.", valueName: "duration")
    )
    var drainTimeout = DurationText(.seconds(5))

    @Option(
        duration: ArgumentHelp(
            "How long the daemon serves on, not ready, between being told to stop and closing its sockets, or off.",
            discussion: "For a balancer that hears later than the daemon that it is to send nobody here any more.",
            valueName: "duration"
        )
    )
    var drainDelay = DurationText(nil)
}

/// What is written to standard error.
struct LogOptions: ParsableArguments {
    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel = "info"

    @Option(help: ArgumentHelp("text or json.", valueName: "format"))
    var logFormat = LogFormat.text
}

/// The first sequence number of a tick.
enum FirstSequenceRule: String, ExpressibleByArgument, CaseIterable {
    case zero
    case random
}

/// The format of a log line.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}
