#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Where a daemon listens and keeps its store when it was not told: the system's places where it may write there, else
/// the user's, else a private directory under /tmp.
///
/// Choosing only looks. The directories are made by ``makeDirectories()``, when the daemon starts.
package struct DefaultPlaces {
    package let socketPath: String
    package let storePath: String
    /// Where daemons remember what they were granted.
    package let stateDirectory: String
    /// What the reader of the log should know about the choice.
    package let notice: String?

    private let directories: [String]
    private let mode: mode_t

    package init(environment: (String) -> String?) {
        let state = environment("XDG_STATE_HOME") ?? environment("HOME").map { $0 + "/.local/state" }
        if Self.mayUse("/run/firn"), Self.mayUse("/var/lib/firn") {
            self.init(socketDirectory: "/run/firn", storeDirectory: "/var/lib/firn", mode: 0o750)
        } else if let runtime = environment("XDG_RUNTIME_DIR"), !runtime.isEmpty, let state, !state.isEmpty,
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

    private init(socketDirectory: String, storeDirectory: String, mode: mode_t, notice: String? = nil) {
        socketPath = socketDirectory + "/firn.sock"
        storePath = storeDirectory + "/firn.db"
        stateDirectory = storeDirectory
        directories = [socketDirectory, storeDirectory]
        self.mode = mode
        self.notice = notice
    }

    /// Makes the directories that are missing.
    ///
    /// - Throws: when one cannot be made, or lies under /tmp and is not this user's alone: anybody may have laid it there.
    package func makeDirectories() throws(ConfigurationError) {
        try make(directories)
    }

    /// The same for the state directory alone.
    package func makeStateDirectory() throws(ConfigurationError) {
        try make([stateDirectory])
    }

    private func make(_ directories: [String]) throws(ConfigurationError) {
        for directory in directories {
            Self.make(directory, mode: mode)
            var status = stat()
            guard lstat(directory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw ConfigurationError(
                    "the default directory \(directory) cannot be made: \(String(cString: strerror(errno))); give --listen and --store"
                )
            }
            if directory.hasPrefix("/tmp/"), status.st_uid != getuid() || status.st_mode & 0o077 != 0 {
                throw ConfigurationError(
                    "the default directory \(directory) is not this user's alone, and others could lay a false socket there; "
                        + "remove it, or give --listen and --store"
                )
            }
        }
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

    private static func make(_ path: String, mode: mode_t) {
        guard mkdir(path, mode) != 0, errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex
        else { return }
        make(String(path[..<slash]), mode: mode)
        mkdir(path, mode)
    }
}
