#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Where a daemon listens and keeps its store when it was not told: the system's paths where it may write there, else
/// the user's, else a private directory under /tmp.
///
/// Choosing only looks. The directories are made by ``makeDirectory(for:)``, when the daemon starts.
package struct DefaultPaths {
    package let socketPath: String
    package let storePath: String
    /// Where daemons remember what they were granted.
    package let stateDirectory: String
    /// What the reader of the log should know about the choice.
    package let notice: String?

    private let socketDirectory: String
    private let mode: mode_t

    package init(environment: (String) -> String?) {
        func set(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        // A relative one would be another place in every working directory (XDG Base Directory Specification).
        func directory(_ name: String) -> String? { set(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }
        let state = directory("XDG_STATE_HOME") ?? set("HOME").map { $0 + "/.local/state" }
        if Self.mayUse("/run/firn"), Self.mayUse("/var/lib/firn") {
            self.init(socketDirectory: "/run/firn", storeDirectory: "/var/lib/firn", mode: 0o750)
        } else if let runtime = directory("XDG_RUNTIME_DIR"), let state,
            Self.mayUse(runtime + "/firn"), Self.mayUse(state + "/firn")
        {
            self.init(socketDirectory: runtime + "/firn", storeDirectory: state + "/firn", mode: 0o700)
        } else {
            let directory = "/tmp/firn-\(getuid())"
            self.init(
                socketDirectory: directory,
                storeDirectory: directory,
                mode: 0o700,
                notice:
                    "the store is under /tmp, which a restart of the machine may empty; give --store sqlite:PATH to keep it"
            )
        }
    }

    init(socketDirectory: String, storeDirectory: String, mode: mode_t, notice: String? = nil) {
        socketPath = socketDirectory + "/firn.sock"
        storePath = storeDirectory + "/firn.db"
        stateDirectory = storeDirectory
        self.socketDirectory = socketDirectory
        self.mode = mode
        self.notice = notice
    }

    /// What a default directory is for.
    package enum Use: Sendable {
        case socket, store, state

        /// What to give instead of it.
        fileprivate var option: String {
            switch self {
            case .socket: "--listen"
            case .store: "--store"
            case .state: "--state-dir"
            }
        }
    }

    package func directory(for use: Use) -> String {
        switch use {
        case .socket: socketDirectory
        case .store, .state: stateDirectory
        }
    }

    /// Makes the directory where it is missing.
    ///
    /// - Throws: when it cannot be made, or lies under /tmp and is not this user's alone: anybody may have laid it there.
    package func makeDirectory(for use: Use) throws(ConfigurationError) {
        let directory = directory(for: use)
        let reason = Self.make(directory, mode: mode)
        guard try isThere(use) else {
            throw ConfigurationError(
                "the default directory \(directory) cannot be made: \(String(cString: strerror(reason))); give \(use.option)"
            )
        }
    }

    /// The same for a directory that is there; one that is missing is not made, but could be.
    ///
    /// - Returns: whether it is there.
    package func examineDirectory(for use: Use) throws(ConfigurationError) -> Bool {
        if try isThere(use) { return true }
        let directory = directory(for: use)
        guard Self.mayUse(directory) else {
            throw ConfigurationError(
                "the default directory \(directory) is not there and this user cannot make it; give \(use.option)"
            )
        }
        return false
    }

    private func isThere(_ use: Use) throws(ConfigurationError) -> Bool {
        let directory = directory(for: use)
        var status = stat()
        guard lstat(directory, &status) == 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ConfigurationError(
                "the default directory \(directory) is no directory; remove it, or give \(use.option)"
            )
        }
        if directory.hasPrefix("/tmp/"), status.st_uid != getuid() || status.st_mode & 0o077 != 0 {
            throw ConfigurationError(
                "the default directory \(directory) is not this user's alone, and others could lay a false socket there; "
                    + "remove it, or give \(use.option)"
            )
        }
        return true
    }

    /// Whether the directory may be written to, or made.
    private static func mayUse(_ path: String) -> Bool {
        var path = path[...]
        while true {
            var status = stat()
            if lstat(String(path), &status) == 0 {
                return status.st_mode & S_IFMT == S_IFDIR && access(String(path), W_OK | X_OK) == 0
            }
            guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return false }
            path = path[..<slash]
        }
    }

    /// Makes the directory and those above it.
    ///
    /// - Returns: the error of the one that could not be made; 0 or `EEXIST` where it is there now.
    private static func make(_ path: String, mode: mode_t) -> Int32 {
        guard mkdir(path, mode) != 0 else { return 0 }
        let reason = errno
        guard reason == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return reason }
        let above = make(String(path[..<slash]), mode: mode)
        guard above == 0 || above == EEXIST else { return above }
        return mkdir(path, mode) == 0 ? 0 : errno
    }
}
