#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Where a daemon listens and keeps its store by default: the system's paths if it may write there, otherwise the
/// user's, otherwise a private directory under /tmp.
///
/// Choosing writes nothing. ``makeDirectory(for:)`` creates the directories when the daemon starts.
package struct DefaultPaths {
    package let socketPath: String
    package let storePath: String
    /// Where daemons record their grants.
    package let stateDirectory: String
    /// A message for the log about the choice.
    package let notice: String?

    private let socketDirectory: String
    private let mode: mode_t

    package init(environment: (String) -> String?) {
        func set(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        // A relative path would mean another place in every working directory (XDG Base Directory Specification).
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

        /// The option that replaces it.
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

    /// Creates the directory if it is missing.
    ///
    /// - Throws: when it cannot be created, or is under /tmp and other users have access to it: anybody may have
    ///   created it.
    package func makeDirectory(for use: Use) throws(ConfigurationError) {
        let directory = directory(for: use)
        let reason = Self.make(directory, mode: mode)
        guard try isThere(use) else {
            throw ConfigurationError(
                "the default directory \(directory) cannot be made: \(String(cString: strerror(reason))); give \(use.option)"
            )
        }
    }

    /// The same checks for an existing directory. A missing one is not created; it is an error if it could not be.
    ///
    /// - Returns: whether it exists.
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

    /// Whether the directory can be written to, or created.
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

    /// Creates the directory and its parents.
    ///
    /// - Returns: the error of the directory that could not be created; 0 or `EEXIST` if it exists now.
    private static func make(_ path: String, mode: mode_t) -> Int32 {
        guard mkdir(path, mode) != 0 else { return 0 }
        let reason = errno
        guard reason == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return reason }
        let above = make(String(path[..<slash]), mode: mode)
        guard above == 0 || above == EEXIST else { return above }
        return mkdir(path, mode) == 0 ? 0 : errno
    }
}
