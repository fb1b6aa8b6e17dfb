internal import FirnConfiguration
internal import Glibc

/// Users and groups, by name or number.
enum Account {
    static func user(_ text: String) throws(ConfigurationError) -> UInt32 {
        if let number = UInt32(text) { return number }
        guard let entry = getpwnam(text) else {
            throw ConfigurationError("--socket-owner is '\(text)', and there is no such user; give a name or a number")
        }
        return entry.pointee.pw_uid
    }

    static func group(_ text: String) throws(ConfigurationError) -> UInt32 {
        if let number = UInt32(text) { return number }
        guard let entry = getgrnam(text) else {
            throw ConfigurationError("--socket-group is '\(text)', and there is no such group; give a name or a number")
        }
        return entry.pointee.gr_gid
    }
}

/// The limit of open file descriptors of this process.
enum FileDescriptorLimit {
    /// More descriptors have no known use, and the kernel's descriptor table costs memory.
    private static let enough: rlim_t = 65_536

    /// Raises the soft limit to the hard limit, at most to `enough`, and returns it.
    static func raised() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        let wanted = max(limit.rlim_cur, min(limit.rlim_max, enough))
        if wanted > limit.rlim_cur {
            var raised = limit
            raised.rlim_cur = wanted
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
