/// The environment variables that the daemon reads.
enum Variables {
    /// Settings, and the file of settings.
    private static let settings = Set(Settings.kinds.keys.map(LayeredArguments.variable) + ["FIRN_CONFIG"])

    /// All that are read, of whatever name.
    static let read = settings.union([
        "HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "MY_IP", "POD_NAME", "POD_INDEX", "HOSTNAME", "NOTIFY_SOCKET",
    ])

    /// Those with Firn's name in front: the daemon's and, in one environment with it, the command's.
    static let known = settings.union(["FIRN_ADDRESS"])

    /// Options that are of the command line alone.
    static let unset = Dictionary(
        uniqueKeysWithValues: Settings.commandLineOnly.filter { $0 != "config" }.map {
            (LayeredArguments.variable($0), "--\($0) is read from the command line alone")
        }
    )
}
