internal import Glibc

/// Where a daemon listens and keeps its store when it was not told: the system's places where it may write there, else
/// the user's, else a private directory under /tmp.
struct DefaultPlaces {
    let socketPath: String
    let storePath: String
    /// What the reader of the log should know about the choice.
    let notice: String?

    /// Creates the directories it chooses, with mode 0750, or 0700 under /tmp.
    init(environment: (String) -> String?) {
        if Self.mayUse("/run/firn", mode: 0o750), Self.mayUse("/var/lib/firn", mode: 0o750) {
            socketPath = "/run/firn/firn.sock"
            storePath = "/var/lib/firn/firn.db"
            notice = nil
            return
        }
        let state = environment("XDG_STATE_HOME") ?? environment("HOME").map { $0 + "/.local/state" }
        if let runtime = environment("XDG_RUNTIME_DIR"), !runtime.isEmpty, let state, !state.isEmpty,
            Self.mayUse(runtime + "/firn", mode: 0o700), Self.mayUse(state + "/firn", mode: 0o700)
        {
            socketPath = runtime + "/firn/firn.sock"
            storePath = state + "/firn/firn.db"
            notice = nil
            return
        }
        let directory = "/tmp/firn-\(getuid())"
        _ = Self.mayUse(directory, mode: 0o700)
        socketPath = directory + "/firn.sock"
        storePath = directory + "/firn.db"
        notice =
            "the store is under /tmp, which a restart of the machine may empty; give --store sqlite:PATH to keep it"
    }

    /// Whether a directory is there, or can be made, is the daemon's to write, and is no link that somebody else laid.
    private static func mayUse(_ path: String, mode: mode_t) -> Bool {
        makeDirectory(path, mode: mode)
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return false }
        if path.hasPrefix("/tmp/"), status.st_uid != getuid() || status.st_mode & 0o077 != 0 { return false }
        return access(path, W_OK | X_OK) == 0
    }

    private static func makeDirectory(_ path: String, mode: mode_t) {
        guard mkdir(path, mode) != 0, errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex
        else { return }
        makeDirectory(String(path[..<slash]), mode: mode)
        mkdir(path, mode)
    }
}
