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
    /// In `/tmp` anybody can make a directory of that name, with a socket in it that gives out false IDs. The third is
    /// therefore left out, for the first, unless its directory is there, is no link, is this user's, and has no
    /// permission for others.
    ///
    /// - Parameter environment: Gives the value of an environment variable, nil when it is not set.
    public static func `default`(
        environment: (_ name: String) -> String? = environmentVariable(named:)
    ) -> FirnAddress {
        let userID = UInt32(getuid())
        // Connecting to a Unix socket takes the permission to write to it. Source: unix(7).
        return `default`(
            environment: environment,
            userID: userID,
            isPrivate: { isPrivateDirectory($0, userID: userID) },
            mayConnect: { access($0, W_OK) == 0 }
        )
    }

    /// The rule itself.
    static func `default`(
        environment: (String) -> String?,
        userID: UInt32,
        isPrivate: (_ directory: String) -> Bool,
        mayConnect: (_ path: String) -> Bool
    ) -> FirnAddress {
        let ofSystem = FirnAddress(kind: .unix(path: "/run/firn/firn.sock"))
        var candidates: [FirnAddress] = []
        // A relative path would be another socket in every working directory. Source: XDG Base Directory Specification.
        if let directory = environment("XDG_RUNTIME_DIR"), directory.hasPrefix("/"),
            let address = try? unix(path: directory + "/firn/firn.sock")
        {
            candidates.append(address)
        }
        let directory = "/tmp/firn-\(userID)"
        if isPrivate(directory) { candidates.append(FirnAddress(kind: .unix(path: directory + "/firn.sock"))) }
        let found = ([ofSystem] + candidates).first { address in
            guard case .unix(let path) = address.kind else { return false }
            return mayConnect(path)
        }
        return found ?? candidates.first ?? ofSystem
    }

    /// Whether a path is a directory, and no link to one, that nobody but this user and root can make or change files
    /// in. In a sticky directory such as `/tmp` it then stays so.
    static func isPrivateDirectory(_ path: String, userID: UInt32) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return false }
        return status.st_uid == userID && status.st_mode & 0o077 == 0
    }

    /// The value of one of this process's environment variables; nil when it is not set.
    public static func environmentVariable(named name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
