import FirnStore
import FirnWire
import Glibc
import Synchronization
import Testing

@testable import FirnServer

/// What goes back to the store at the end: of many sequences at once, and not for longer than is allowed.
@Suite struct SequenceStopTests {
    /// Counts the writes of sequences that are under way at once.
    private final class CallCounter: Sendable {
        private struct State {
            var present = 0
            var most = 0
            var all = 0
        }

        private let state = Mutex(State())

        /// - Parameter patience: for how many milliseconds a write waits until there are others.
        init(of store: MemoryStore, patience: Int = 0) {
            store.onOperation { [self] operation, key in
                guard operation == .write, key.hasPrefix("sequences/") else { return }
                state.withLock { state in
                    state.present += 1
                    state.all += 1
                    state.most = max(state.most, state.present)
                }
                // The first wait for company: how soon the machine starts the threads is no matter.
                for _ in 0..<patience where state.withLock({ $0.most < 8 }) { usleep(1000) }
                state.withLock { $0.present -= 1 }
            }
        }

        var most: Int { state.withLock(\.most) }
        var all: Int { state.withLock(\.all) }
    }

    private func hostWithSequences(_ count: Int) throws -> SequenceHost {
        let host = try SequenceHost { $0.keeper.fixedBlock = 20 }
        let peer = try host.reactor().connect()
        for number in 0..<count { #expect(peer.tickets("s.\(number)", 3) == [1, 2, 3]) }
        return host
    }

    @Test func manyGoBackAtOnce() throws {
        let host = try hostWithSequences(200)
        let counter = CallCounter(of: host.store, patience: 5000)
        #expect(host.sequences.stop(within: .seconds(60)) == 0)
        #expect((8...16).contains(counter.most), "\(counter.most) at once")
        #expect(counter.all == 200)
        for number in 0..<200 { #expect(try host.record("s.\(number)")?.reserved == 3) }
    }

    /// However long the store keeps a call: nothing is waited for once the time is over, and what is left is counted.
    @Test func aStoreThatHangsIsNotWaitedFor() throws {
        let host = try hostWithSequences(40)
        let gate = Gate(of: host.store)
        gate.shut()
        defer { gate.open() }
        #expect(host.sequences.stop(within: .milliseconds(200)) == 40)
    }

    /// The thread itself is kept by the store in the midst of a reservation.
    @Test func aReservationThatHangsIsNotWaitedFor() throws {
        let host = try hostWithSequences(10)
        let gate = Gate(of: host.store)
        gate.shut()
        defer { gate.open() }
        try host.reactor().connect().ask(.nextTickets(sequence: Name("another")!, count: 1))
        gate.awaitSomebody()
        #expect(host.sequences.stop(within: .milliseconds(200)) == 10)
    }

    @Test func aStoreThatFailsIsNotAskedForEachOfThem() throws {
        let host = try hostWithSequences(100)
        let counter = CallCounter(of: host.store)
        host.store.isAvailable = false
        #expect(host.sequences.stop(within: .seconds(60)) == 100)
        #expect(counter.all <= 16)
    }
}
