#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension FirnAddress {
    /// Where a daemon listens that was not told where, by the rule that `firnd` follows.
    ///
    /// That is `/run/firn/firn.sock` where this process may use it, else `$XDG_RUNTIME_DIR/firn/firn.sock` where that
    /// variable is set, else `/tmp/firn-<uid>/firn.sock`. The file system is asked once, now.
    ///
    /// - Parameter environment: Gives the value of an environment variable, nil when it is not set.
    public static func `default`(
        environment: (_ name: String) -> String? = environmentVariable(named:)
    ) -> FirnAddress {
        // Connecting to a Unix socket takes the permission to write to it. Source: unix(7).
        `default`(environment: environment, userID: UInt32(getuid())) { access($0, W_OK) == 0 }
    }

    /// The rule itself.
    static func `default`(
        environment: (String) -> String?,
        userID: UInt32,
        mayConnect: (_ path: String) -> Bool
    ) -> FirnAddress {
        let ofSystem = "/run/firn/firn.sock"
        if mayConnect(ofSystem) { return FirnAddress(kind: .unix(path: ofSystem)) }
        // A relative path would be another socket in every working directory. Source: XDG Base Directory Specification.
        if let directory = environment("XDG_RUNTIME_DIR"), directory.hasPrefix("/"),
            let address = try? unix(path: directory + "/firn/firn.sock")
        {
            return address
        }
        return FirnAddress(kind: .unix(path: "/tmp/firn-\(userID)/firn.sock"))
    }

    /// The value of one of this process's environment variables; nil when it is not set.
    public static func environmentVariable(named name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
