/// The environment variables that the daemon reads.
enum Variables {
    /// The settings, and the variable for the file of settings.
    private static let settings = Set(Settings.kinds.keys.map(LayeredArguments.variable) + ["FIRN_CONFIG"])

    /// All variables that are read, with any prefix.
    static let read = settings.union([
        "HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "MY_IP", "POD_NAME", "POD_INDEX", "HOSTNAME", "NOTIFY_SOCKET",
        "LISTEN_FDNAMES",
    ])

    /// Those with Firn's prefix: the daemon's, and the command's, which may be in the same environment. `firn lease` sets
    /// the last ones for a program that uses a lease.
    static let known = settings.union([
        "FIRN_ADDRESS", "FIRN_TOKEN", "FIRN_TLS_CA", "FIRN_TLS_SERVER_NAME", "FIRN_EPOCH_UNIX_MS", "FIRN_FIRST_TICK",
        "FIRN_LEASE", "FIRN_LEASE_FILE", "FIRN_LEASE_ID", "FIRN_LIMIT_TICK", "FIRN_LIMIT_UNIX_MS",
        "FIRN_SEQUENCE_ABOVE_WORKER", "FIRN_SEQUENCE_BITS", "FIRN_TICK_NS", "FIRN_TIME_BITS", "FIRN_WORKER_BITS",
        "FIRN_CONSTANT_BITS",
        "FIRN_SEQUENCE_SHIFT", "FIRN_TIME_SHIFT", "FIRN_WORKER_SHIFT",
    ])

    /// Options that are accepted only on the command line.
    static let unset = Dictionary(
        uniqueKeysWithValues: Settings.commandLineOnly.filter { $0 != "config" }.map {
            (LayeredArguments.variable($0), "--\($0) is read from the command line alone")
        }
    )
}
