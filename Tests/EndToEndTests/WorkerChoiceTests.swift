import FirnConfiguration
import FirnLayout
import FirnServer
import FirnWindows
import Testing

@testable import firnd

/// `--worker ordinal`: a StatefulSet's number, and no other that a name may end in.
@Suite struct WorkerChoiceTests {
    private func ordinal(_ name: String?, index: String? = nil, layout: Layout = .sonyflake) throws -> WorkerRule {
        try WorkerChoice.ordinal.rule(layout: layout, podAddress: nil, podName: name, podIndex: index)
    }

    @Test(arguments: [("firn-0", 0), ("firn-17", 17), ("my-app-2-17", 17), ("a-10-0-3", 3), ("redis-7-0", 0)])
    func aPodsNameEndsInItsNumber(_ name: String, _ number: UInt32) throws {
        #expect(try ordinal(name) == .fixed(number))
    }

    @Test(arguments: [
        // Hosts' names, which a pod on the host's network has: of EC2, and others made of an address.
        "ip-10-0-3-17", "ip-172-31-0-1", "host-192-168-0-4", "ec2-52-1-2-3",
        "firn", "firn-", "-3", "firn-a", "firn-07", "firn-+3", "firn-７", "ip-10-0-3-17.ec2.internal", "7",
    ])
    func otherNamesAreRefused(_ name: String) {
        let error = #expect(throws: ConfigurationError.self) { try ordinal(name) }
        #expect(
            error?.description.contains("'\(name)'") == true && error?.description.contains("--worker auto") == true
        )
    }

    @Test func theLabelsNumberIsTakenFirst() throws {
        #expect(try ordinal("ip-10-0-3-17", index: "4") == .fixed(4))
        #expect(try ordinal("firn-2", index: "0") == .fixed(0))
        for text in ["four", "-1", "04", "1 ", "4294967296"] {
            #expect(throws: ConfigurationError.self) { try ordinal("firn-2", index: text) }
        }
        #expect(throws: ConfigurationError.self) { try ordinal("firn-2", index: "1024", layout: .snowflake) }
    }
}
