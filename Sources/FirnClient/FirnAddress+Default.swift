#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension FirnAddress {
    /// The address that `firnd` listens at when it is started without `--listen`.
    ///
    /// That is the first of `/run/firn/firn.sock`, `$XDG_RUNTIME_DIR/firn/firn.sock` (if that variable is set) and
    /// `/tmp/firn-<uid>/firn.sock` that this process may connect to. If there is none, it is the second, or the third
    /// without that variable. The file system is read once, when this is called.
    ///
    /// Any user can make a directory of that name in `/tmp`, with a socket in it that gives out false IDs. The third path is
    /// therefore used only if its directory exists, is not a link, belongs to this user, and has no permissions for others;
    /// otherwise the first takes its place.
    ///
    /// - Parameter environment: Returns the value of an environment variable, nil when it is not set.
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

    /// Whether a path is a directory, and not a link to one, in which only this user and root can create or change files.
    /// In a sticky directory such as `/tmp` it then stays so.
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
