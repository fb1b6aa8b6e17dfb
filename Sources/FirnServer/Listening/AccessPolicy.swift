/// Who may connect to a Unix socket, beyond what the socket file's mode says.
package struct AccessPolicy: Sendable, Equatable {
    /// Users who may connect. Both lists empty: all that the file's mode lets.
    package var allowedUsers: Set<UInt32>
    /// Groups whose members may connect, whichever of the peer's groups it is.
    package var allowedGroups: Set<UInt32>

    package init(allowedUsers: Set<UInt32> = [], allowedGroups: Set<UInt32> = []) {
        self.allowedUsers = allowedUsers
        self.allowedGroups = allowedGroups
    }

    /// - Parameter supplementaryGroups: the peer's other groups; asked for only where they decide.
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
