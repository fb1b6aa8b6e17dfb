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
    /// That is the first of `/run/firn/firn.sock`, `$XDG_RUNTIME_DIR/firn/firn.sock` (where that variable is set) and
    /// `/tmp/firn-<uid>/firn.sock` that this process may connect to. Where there is none yet, it is the second, or the
    /// third without that variable. The file system is asked once, now.
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
        var candidates = [FirnAddress(kind: .unix(path: "/tmp/firn-\(userID)/firn.sock"))]
        // A relative path would be another socket in every working directory. Source: XDG Base Directory Specification.
        if let directory = environment("XDG_RUNTIME_DIR"), directory.hasPrefix("/"),
            let address = try? unix(path: directory + "/firn/firn.sock")
        {
            candidates.insert(address, at: 0)
        }
        let ofSystem = FirnAddress(kind: .unix(path: "/run/firn/firn.sock"))
        let found = ([ofSystem] + candidates).first { address in
            guard case .unix(let path) = address.kind else { return false }
            return mayConnect(path)
        }
        return found ?? candidates[0]
    }

    /// The value of one of this process's environment variables; nil when it is not set.
    public static func environmentVariable(named name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
