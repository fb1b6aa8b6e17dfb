import FirnLayout
import Foundation
import Testing

/// `--first-sequence`, by a real daemon.
@Suite struct FirstSequenceTests {
    @Test func ticksBeginWithAnySequenceNumberWhereThatIsWanted() throws {
        func sequences(_ arguments: [String]) throws -> [UInt64] {
            try withDaemon(["--store", "memory"] + arguments) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                return try (0..<40).map { _ in
                    // Past the tick.
                    usleep(2000)
                    return try peer.nextID().rawValue & 4095
                }
            }
        }
        #expect(Set(try sequences([])) == [0])
        let spread = try sequences(["--first-sequence", "random"])
        #expect(Set(spread).count > 20 && spread.allSatisfy { $0 < 2048 })
    }
}
