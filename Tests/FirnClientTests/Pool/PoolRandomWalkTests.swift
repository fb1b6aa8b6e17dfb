import FirnTestSupport
import FirnWire
import Testing

@testable import FirnClient

/// The pool against peers that do anything, at any time.
@Suite struct PoolRandomWalkTests {
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func noCallIsLostAndNoLimitPassed(seed: UInt64) async {
        var walk = Walk(seed: seed)
        for step in 0..<300 {
            walk.step()
            walk.check()
            // Other tests of this process measure time on the same few threads.
            if step % 10 == 0 { await Task.yield() }
        }
        walk.finish()
        #expect(walk.ended.count == walk.submittedCount, "seed \(seed)")
    }

    /// Whatever peers fail with, connecting is paced by the back-off: over half a minute with pauses of 5 ms to 500 ms, that
    /// is 8 tries on the way up and then no more than one each 250 ms, at each address.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func failureIsNoReasonToConnectOften(seed: UInt64) async {
        var generator = SeededGenerator(seed: seed)
        var pool = PoolUnderTest(addresses: 3, seed: seed) {
            $0.minimumConnectionCount = 3
            $0.circuitBreakerTripAfter = .seconds(Int.random(in: 0...100, using: &generator))
        }
        var call: UInt64 = 0
        while pool.elapsed < .seconds(30) {
            for connection in pool.state.connections {
                if Bool.random(using: &generator) {
                    _ = pool.failed(connection.id)
                } else {
                    _ = pool.takeAssigned()
                    _ = pool.connected(connection.id)
                    let open = pool.takeAssigned().map(\.call)
                    _ = pool.retired(connection.id)
                    _ = pool.handedBack(open, by: connection.id)
                    _ = pool.ended(connection.id)
                }
            }
            call += 1
            if call % 10 == 0 { await Task.yield() }
            _ = pool.submit(call, timeout: .milliseconds(300))
            _ = pool.pass(.milliseconds(Int.random(in: 10...40, using: &generator)))
        }
        #expect(pool.connects.count <= 3 * (8 + 120), "\(pool.connects.count) connects")
        #expect(pool.connects.count >= 30, "it goes on trying")
    }
}

/// A pool with scripted peers, and what should be true of it.
private struct Walk {
    private var pool: PoolUnderTest
    private var generator: SeededGenerator
    private(set) var submittedCount = 0
    /// Calls that the peers answered or the pool ended.
    private(set) var ended: Set<UInt64> = []
    /// Places that each connection's peer holds.
    private var held: [Int: Set<UInt64>] = [:]
    private var known: Set<Int> = []

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let addresses = Int.random(in: 1...3, using: &generator)
        pool = PoolUnderTest(addresses: addresses, seed: seed) {
            $0.maximumConnectionHardLimit = Int.random(in: 1...6, using: &generator)
            $0.maximumConnectionSoftLimit = Int.random(in: 1...4, using: &generator)
            $0.minimumConnectionCount = Int.random(in: 0...2, using: &generator)
            $0.maximumCallsInFlight = Int.random(in: 1...5, using: &generator)
            $0.maximumWaitingCalls = Int.random(in: 0...20, using: &generator)
            $0.circuitBreakerTripAfter = .milliseconds(Int.random(in: 0...2000, using: &generator))
            $0.failbackInterval = .milliseconds(Int.random(in: 100...5000, using: &generator))
            $0.idleTimeout = .seconds(1)
        }
        self.generator = generator
        notice()
    }

    mutating func step() {
        let connection = pool.state.connections.randomElement(using: &generator)
        switch (Int.random(in: 0..<12, using: &generator), connection) {
        case (0...3, _), (_, nil):
            submittedCount += 1
            let timeout = Duration.milliseconds(Int.random(in: 0...3000, using: &generator))
            _ = pool.submit(UInt64(submittedCount), timeout: timeout)
        case (4, _):
            _ = pool.pass(.milliseconds(Int.random(in: 0...500, using: &generator)))
        case (5, _):
            let call = UInt64.random(in: 0...UInt64(submittedCount), using: &generator)
            // Only one that waits is cancelled here; on a connection that is the connection's business.
            if pool.state.waiting.contains(where: { $0.call.id == call }) { ended.insert(call) }
            pool.state.callCancelled(call)
        case (_, let connection?) where connection.state == .connecting:
            _ = generator.oneIn(2) ? pool.connected(connection.id) : pool.failed(connection.id)
        case (6, let connection?):
            _ = pool.retired(connection.id)
        case (7, let connection?):
            _ = pool.retired(connection.id)
            let calls = held.removeValue(forKey: connection.id)?.sorted() ?? []
            if !calls.isEmpty { _ = pool.handedBack(calls, by: connection.id) }
            notice()
            _ = pool.ended(connection.id)
        case (8, let connection?):
            guard let call = held[connection.id]?.randomElement(using: &generator) else { break }
            held[connection.id]?.remove(call)
            _ = pool.refused(
                call,
                by: connection.id,
                retryAfter: .milliseconds(Int.random(in: 1...999, using: &generator))
            )
        case (_, let connection?):
            guard let calls = held[connection.id], !calls.isEmpty else { break }
            let answered = calls.prefix(Int.random(in: 1...calls.count, using: &generator))
            held[connection.id]?.subtract(answered)
            ended.formUnion(answered)
            _ = pool.freed(answered.count, by: connection.id)
        }
        notice()
    }

    /// Takes over what was assigned and told since.
    private mutating func notice() {
        for (call, connection) in pool.takeAssigned() {
            hold(held[connection, default: []].insert(call).inserted, "call \(call) is assigned once")
            hold(!ended.contains(call), "call \(call) is assigned before its end")
        }
        for call in pool.takeFinished() { hold(ended.insert(call).inserted, "call \(call) ends once") }
        held = held.filter { connection, calls in
            !calls.isEmpty || pool.state.connections.contains { $0.id == connection }
        }
    }

    func check() {
        let state = pool.state
        hold(state.connections.count <= state.configuration.maximumConnectionHardLimit, "the hard maximum")
        hold(state.connections.count { $0.state == .connecting && !$0.isFailback } <= 1, "one is made at a time")
        hold(state.connections.count { $0.state == .connecting && $0.isFailback } <= 1, "one goes back at a time")
        for connection in state.connections {
            hold(connection.load == held[connection.id]?.count ?? 0, "the load of \(connection)")
            hold(connection.load <= state.configuration.maximumCallsInFlight, "the most calls in flight")
        }
        let waiting = state.waiting.map(\.call.id)
        hold(waiting == waiting.sorted() && Set(waiting).isDisjoint(with: ended), "calls wait in their order")
        let onConnections = held.values.reduce(0) { $0 + $1.count }
        hold(waiting.count + onConnections + ended.count == submittedCount, "every call is in one place")
    }

    /// Recording what holds a million times would take most of the test's time.
    private func hold(_ condition: Bool, _ what: @autoclosure () -> String) {
        if !condition { Issue.record("does not hold: \(what())") }
    }

    /// Every call that waits ends by itself when its time passes, whatever the peers do not do.
    mutating func finish() {
        _ = pool.pass(.seconds(10))
        notice()
        #expect(pool.state.waiting.isEmpty)
        for connection in held.keys { ended.formUnion(held[connection] ?? []) }
        held = [:]
    }
}
