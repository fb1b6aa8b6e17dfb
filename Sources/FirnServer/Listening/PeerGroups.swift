internal import CLinux
internal import Glibc

/// The groups of a Unix socket's peer besides its primary one.
enum PeerGroups {
    /// The maximum that Linux allows for a process (NGROUPS_MAX).
    private static let maximum = 65_536

    /// As of its connect(); none where the kernel does not report them (before Linux 4.13).
    static func of(_ descriptor: Int32) -> [UInt32] {
        var groups = [UInt32](repeating: 0, count: 32)
        while true {
            var count = UInt32(groups.count)
            if firn_peer_groups(descriptor, &groups, &count) == 0 { return Array(groups.prefix(Int(count))) }
            guard errno == ERANGE, count > groups.count, count <= maximum else { return [] }
            groups = [UInt32](repeating: 0, count: Int(count))
        }
    }
}
