internal import FirnConfiguration
internal import FirnServer

/// The users and groups that Unix sockets belong to, and that may connect to them.
extension Configuration {
    static func ownership(_ options: SocketOptions) throws(ConfigurationError) -> SocketOwnership {
        guard let mode = UInt32(options.socketMode, radix: 8), mode <= 0o777 else {
            throw ConfigurationError(
                "--socket-mode is '\(options.socketMode)'; write octal permission bits such as 0660"
            )
        }
        return SocketOwnership(
            mode: mode,
            owner: try options.socketOwner.map { name throws(ConfigurationError) in
                try Account.user(name, option: "socket-owner")
            },
            group: try options.socketGroup.map { name throws(ConfigurationError) in
                try Account.group(name, option: "socket-group")
            }
        )
    }

    static func policy(_ options: SocketOptions) throws(ConfigurationError) -> AccessPolicy {
        AccessPolicy(
            allowedUsers: Set(
                try options.allowUid.map { name throws(ConfigurationError) in
                    try Account.user(name, option: "allow-uid")
                }
            ),
            allowedGroups: Set(
                try options.allowGid.map { name throws(ConfigurationError) in
                    try Account.group(name, option: "allow-gid")
                }
            )
        )
    }
}
