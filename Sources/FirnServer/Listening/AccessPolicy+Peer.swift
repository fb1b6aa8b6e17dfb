internal import CLinux
package import FirnWire

extension AccessPolicy {
    /// Who has connected on a Unix socket, and why that user may not; `nil` for a user who may.
    package func examinePeer(of descriptor: Int32) -> (user: UInt32, refusal: Status?) {
        var credentials = PeerCredentials(user: .max, group: .max)
        if firn_peer_credentials(descriptor, &credentials.user, &credentials.group) == 0,
            admits(credentials, supplementaryGroups: { PeerGroups.of(descriptor) })
        {
            return (credentials.user, nil)
        }
        return (
            credentials.user,
            Status(
                .permissionDenied,
                "user \(credentials.user) with group \(credentials.group) may not connect; "
                    + "the daemon's --allow-uid and --allow-gid say who may"
            )
        )
    }
}
