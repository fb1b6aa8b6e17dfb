import Glibc
import Testing

@testable import FirnServer

@Suite struct PeerGroupsTests {
    /// Both ends are this process's, so the peer's groups are its own.
    @Test func theKernelTellsThem() {
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { ends.forEach { close($0) } }
        var own = [gid_t](repeating: 0, count: 65_536)
        let count = getgroups(Int32(own.count), &own)
        #expect(Set(PeerGroups.of(ends[0])) == Set(own.prefix(Int(count))))
    }

    @Test func whatIsNoUnixSocketHasNone() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        #expect(PeerGroups.of(descriptor) == [])
    }
}
