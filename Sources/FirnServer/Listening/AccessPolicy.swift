/// Who may connect to a Unix socket, in addition to the socket file's mode.
package struct AccessPolicy: Sendable, Equatable {
    /// Users who may connect. When both lists are empty, everyone whom the file's mode allows.
    package var allowedUsers: Set<UInt32>
    /// Groups whose members may connect. The peer's primary and supplementary groups are checked.
    package var allowedGroups: Set<UInt32>

    package init(allowedUsers: Set<UInt32> = [], allowedGroups: Set<UInt32> = []) {
        self.allowedUsers = allowedUsers
        self.allowedGroups = allowedGroups
    }

    /// - Parameter supplementaryGroups: the peer's other groups; called only when they decide.
    package func admits(_ peer: PeerCredentials, supplementaryGroups: () -> [UInt32] = { [] }) -> Bool {
        if allowedUsers.isEmpty && allowedGroups.isEmpty { return true }
        if allowedUsers.contains(peer.user) || allowedGroups.contains(peer.group) { return true }
        return !allowedGroups.isEmpty && supplementaryGroups().contains(where: allowedGroups.contains)
    }
}

/// Who connected to a Unix socket, as of its connect().
package struct PeerCredentials: Sendable, Equatable {
    package var user: UInt32
    package var group: UInt32

    package init(user: UInt32, group: UInt32) {
        self.user = user
        self.group = group
    }
}
