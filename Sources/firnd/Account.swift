internal import FirnConfiguration
internal import Glibc

/// Users and groups, by name or number.
enum Account {
    /// - Parameter option: the option that names the user; for the error's message.
    static func user(_ text: String, option: String) throws(ConfigurationError) -> UInt32 {
        let named = try Named(kind: "user", text: text, option: option)
        if let number = named.number { return number }
        return try named.entry(passwd(), getpwnam_r).pw_uid
    }

    /// - Parameter option: the option that names the group; for the error's message.
    static func group(_ text: String, option: String) throws(ConfigurationError) -> UInt32 {
        let named = try Named(kind: "group", text: text, option: option)
        if let number = named.number { return number }
        return try named.entry(Glibc.group(), getgrnam_r).gr_gid
    }

    /// A user or group as an option names it.
    struct Named {
        let kind: String
        let text: String
        let option: String
        /// `nil`: the text is a name.
        let number: UInt32?

        /// A group's entry has the names of all its members. No system has one that is longer.
        private static let maximumEntryLength = 16 * 1024 * 1024

        init(kind: String, text: String, option: String) throws(ConfigurationError) {
            (self.kind, self.text, self.option) = (kind, text, option)
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            let isNumber = !text.isEmpty && text.utf8.allSatisfy(digits.contains)
            number = isNumber ? UInt32(text) : nil
            // The highest number stands for no user and no group, as in chown(2).
            guard !isNumber || number.map({ $0 < .max }) == true else {
                throw refusal("and the highest number is \(UInt32.max - 1); give a \(kind)'s name or number")
            }
        }

        /// Finds the entry of the name in the system's database.
        ///
        /// - Parameter empty: what the entry is written to.
        func entry<Entry>(
            _ empty: Entry,
            _ find: (
                UnsafePointer<CChar>, UnsafeMutablePointer<Entry>, UnsafeMutablePointer<CChar>, Int,
                UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>
            ) -> Int32
        ) throws(ConfigurationError) -> Entry {
            var entry = empty
            var length = 1024
            while true {
                var texts = [CChar](repeating: 0, count: length)
                var found: UnsafeMutablePointer<Entry>?
                let reason = find(text, &entry, &texts, length, &found)
                switch reason {
                case 0 where found != nil: return entry
                case 0, ENOENT, ESRCH: throw refusal("and there is no such \(kind); give a \(kind)'s name or number")
                case EINTR: continue
                case ERANGE where length < Self.maximumEntryLength: length *= 2
                default:
                    throw refusal(
                        "and the system cannot look it up: \(String(cString: strerror(reason))); give its number"
                    )
                }
            }
        }

        private func refusal(_ reason: String) -> ConfigurationError {
            ConfigurationError("--\(option) is '\(text)', \(reason)")
        }
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
