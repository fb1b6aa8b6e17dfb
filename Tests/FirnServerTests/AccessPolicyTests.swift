import FirnServer
import Testing

@Suite struct AccessPolicyTests {
    private static func admits(_ policy: AccessPolicy, _ user: UInt32, _ group: UInt32) -> Bool {
        policy.admits(PeerCredentials(user: user, group: group))
    }

    @Test func withoutListsTheFilesModeDecides() {
        #expect(Self.admits(AccessPolicy(), 0, 0))
        #expect(Self.admits(AccessPolicy(), 1000, 1000))
    }

    @Test func oneListIsEnoughToBeLetIn() {
        let policy = AccessPolicy(allowedUsers: [1000], allowedGroups: [50])
        #expect(Self.admits(policy, 1000, 1))
        #expect(Self.admits(policy, 1, 50))
        #expect(Self.admits(policy, 1000, 50))
        #expect(!Self.admits(policy, 1, 1))
        #expect(!Self.admits(policy, 50, 1000), "a user's number is not a group's")
    }

    @Test func eachListAloneKeepsOthersOut() {
        #expect(!Self.admits(AccessPolicy(allowedUsers: [1000]), 0, 0), "root is no exception")
        #expect(!Self.admits(AccessPolicy(allowedUsers: [1000]), 1, 1000))
        #expect(!Self.admits(AccessPolicy(allowedGroups: [50]), 50, 1))
        #expect(Self.admits(AccessPolicy(allowedGroups: [50]), 0, 50))
    }

    /// Membership is mostly of this kind: `usermod -aG firn app`.
    @Test func aSupplementaryGroupCountsAsThePrimaryOne() {
        let policy = AccessPolicy(allowedUsers: [1000], allowedGroups: [50, 60])
        let stranger = PeerCredentials(user: 1, group: 1)
        #expect(policy.admits(stranger, supplementaryGroups: { [2, 60] }))
        #expect(!policy.admits(stranger, supplementaryGroups: { [2, 1000] }))
        // The kernel is asked only where the answer decides.
        for (policy, peer) in [
            (policy, PeerCredentials(user: 1000, group: 1)), (policy, PeerCredentials(user: 1, group: 50)),
            (AccessPolicy(), stranger), (AccessPolicy(allowedUsers: [7]), stranger),
        ] {
            var asked = false
            _ = policy.admits(peer) {
                asked = true
                return []
            }
            #expect(!asked)
        }
    }
}
