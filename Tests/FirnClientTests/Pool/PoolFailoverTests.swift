import FirnWire
import Testing

@testable import FirnClient

/// Daemons that are away, and others to go to.
@Suite struct PoolFailoverTests {
    // MARK: - Nobody there

    @Test func pausesDoubleUpToTheMaximum() {
        for seed: UInt64 in 1...20 {
            var pool = PoolUnderTest(seed: seed) { $0.circuitBreakerTripAfter = .seconds(3600) }
            _ = pool.submit(1, timeout: .seconds(60))
            for connection in 1...20 {
                #expect(pool.failed(connection).isEmpty)
                while pool.connects.count == connection { _ = pool.pass(.milliseconds(1)) }
            }
            for (round, pause) in zip(pool.connects, pool.connects.dropFirst()).map({ $1 - $0 }).enumerated() {
                let most = min(Duration.milliseconds(10 << min(round, 6)), .milliseconds(500))
                // Looked at each millisecond.
                #expect(pause >= most / 2 && pause <= most + .milliseconds(1), "pause \(round) of seed \(seed)")
            }
        }
    }

    @Test func callsWaitWhileADaemonStartsAgain() {
        var pool = PoolUnderTest()
        _ = pool.submit(1, timeout: .seconds(3))
        for connection in 1...5 {
            #expect(pool.failed(connection).isEmpty)
            #expect(pool.pass(.milliseconds(500)) == ["connect \(connection + 1) a"])
        }
        #expect(pool.connected(6) == ["assign 1 to 6"])
    }

    @Test func afterASuccessThePausesAreShortAgain() {
        var pool = PoolUnderTest()
        _ = pool.submit(1, timeout: .seconds(60))
        for connection in 1...5 {
            _ = pool.failed(connection)
            _ = pool.pass(.milliseconds(500))
        }
        _ = pool.prove(6)
        #expect(pool.broke(6, calls: 1) == ["connect 7 a"], "it answered: no pause at all")
        _ = pool.failed(7)
        #expect(pool.pass(.milliseconds(10)) == ["connect 8 a"])
    }

    @Test func aTimeoutSaysWhyNoDaemonCouldBeConnected() {
        var pool = PoolUnderTest { $0.initialBackoff = .seconds(2) }
        _ = pool.submit(1)
        _ = pool.failed(1)
        #expect(pool.pass(.seconds(1)) == ["finish 1 unreachable"])
        #expect(pool.errors[1]?.message == PoolUnderTest.refusal.message)
    }

    @Test func theBreakerTripsAndClosesWithTheFirstSuccess() {
        var pool = PoolUnderTest { $0.maximumBackoff = .milliseconds(10) }
        _ = pool.submit(1, timeout: .seconds(60))
        var connection = 1
        while pool.errors.isEmpty {
            _ = pool.failed(connection)
            if pool.pass(.milliseconds(10)).contains("connect \(connection + 1) a") { connection += 1 }
        }
        #expect((.seconds(5)...(.milliseconds(5020))).contains(pool.elapsed))
        #expect(pool.errors[1]?.code == .unreachable)
        #expect(pool.submit(2).first == "finish 2 unreachable", "at once")
        #expect(pool.connected(connection).isEmpty)
        #expect(pool.submit(3) == ["assign 3 to \(connection)"])
    }

    @Test func whileTheBreakerIsTrippedConnectingGoesOnWhileCallsAreMade() {
        var pool = PoolUnderTest { $0.circuitBreakerTripAfter = .zero }
        _ = pool.submit(1, timeout: .seconds(60))
        #expect(pool.failed(1) == ["finish 1 unreachable"])
        var connection = 1
        for _ in 1...100 {
            if pool.pass(.milliseconds(500)).contains("connect \(connection + 1) a") {
                connection += 1
                _ = pool.failed(connection)
            }
        }
        #expect((.seconds(9)...(.seconds(10))).contains(pool.connects.last!), "ten seconds after the last call")
        #expect(pool.submit(2) == ["finish 2 unreachable", "connect \(connection + 1) a"])
    }

    @Test func withZeroTheFirstRoundDecides() {
        var pool = PoolUnderTest(addresses: 2) { $0.circuitBreakerTripAfter = .zero }
        _ = pool.submit(1)
        #expect(pool.failed(1, FirnClientError(code: .unreachable, message: "Not a.")) == ["connect 2 b"])
        #expect(pool.failed(2, FirnClientError(code: .unreachable, message: "Not b.")) == ["finish 1 unreachable"])
        #expect(pool.errors[1]?.message == "Not a. Not b.")
    }

    // MARK: - Several addresses

    @Test func theNextAddressIsTriedAtOnceAndAllBeforeThePause() {
        var pool = PoolUnderTest(addresses: 3)
        #expect(pool.submit(1) == ["connect 1 a"])
        #expect(pool.failed(1) == ["connect 2 b"])
        #expect(pool.failed(2) == ["connect 3 c"])
        #expect(pool.failed(3).isEmpty)
        #expect(pool.pass(.milliseconds(10)) == ["connect 4 a"], "the most preferred first")
    }

    @Test func anAddressThatBreaksConnectionsWithoutAnAnswerIsSkipped() {
        var pool = PoolUnderTest(addresses: 2)
        _ = pool.submit(1)
        _ = pool.connected(1)
        #expect(pool.broke(1, calls: 1) == ["connect 2 b"])
        #expect(pool.connected(2) == ["assign 1 to 2"])
    }

    @Test func moreConnectionsGoToTheAddressThatIsInUse() {
        var pool = PoolUnderTest(addresses: 2) { $0.minimumConnectionCount = 2 }
        _ = pool.failed(1)
        #expect(pool.prove(2) == ["connect 3 b"])
    }

    @Test func aLostConnectionIsReplacedAtTheMostPreferredAddress() {
        var pool = PoolUnderTest(addresses: 2)
        _ = pool.submit(1)
        _ = pool.failed(1)
        _ = pool.prove(2)
        #expect(pool.broke(2, calls: 1) == ["connect 3 a"])
        #expect(pool.failed(3) == ["connect 4 b"])
    }

    @Test func afterAQuietTimeTheMostPreferredAddressIsTriedFirst() {
        var pool = PoolUnderTest(addresses: 2) { $0.failbackInterval = .seconds(3600) }
        _ = pool.submit(1)
        _ = pool.failed(1)
        _ = pool.prove(2)
        _ = pool.freed(1, by: 2)
        #expect(pool.pass(.seconds(60)) == ["drain 2"])
        _ = pool.ended(2)
        #expect(pool.submit(2) == ["connect 3 a"])
    }

    @Test func whenAMorePreferredAddressIsBackTheOthersConnectionsEnd() {
        var pool = PoolUnderTest(addresses: 3) { $0.idleTimeout = .seconds(3600) }
        _ = pool.submit(1, timeout: .seconds(100))
        _ = pool.failed(1)
        _ = pool.failed(2)
        #expect(pool.prove(3) == ["assign 1 to 3"])
        #expect(pool.pass(.milliseconds(9999)).isEmpty)
        #expect(pool.pass(.milliseconds(1)) == ["connect 4 a"])
        #expect(pool.failed(4) == ["connect 5 b"], "better than c")
        #expect(pool.failed(5).isEmpty && pool.pass(.seconds(9)).isEmpty)
        #expect(pool.pass(.seconds(1)) == ["connect 6 a"])
        #expect(pool.submit(2) == ["assign 2 to 3"], "calls do not wait for that")
        #expect(pool.connected(6) == ["drain 3"])
        #expect(pool.submit(3) == ["assign 3 to 6"])
        #expect(pool.pass(.seconds(100)).isEmpty, "there is nothing better than a")
    }

    @Test func theTimeToConnectLeavesTimeForTheOtherAddresses() {
        var pool = PoolUnderTest(addresses: 3)
        let call = Call(id: 1, method: .nextID, timeout: .seconds(1), deadline: pool.now + .seconds(1))
        guard case .connect(_, _, let timeout)? = pool.state.callSubmitted(call, at: pool.now).first else {
            Issue.record("nothing is connected")
            return
        }
        #expect(timeout == .milliseconds(250))
    }

    // MARK: - UNAVAILABLE

    @Test func aRefusedCallIsMadeOnceAtAnotherAddress() {
        var pool = PoolUnderTest(addresses: 2)
        _ = pool.submit(1)
        _ = pool.connected(1)
        #expect(pool.refused(1, by: 1, retryAfter: .seconds(1)) == ["connect 2 b"])
        #expect(pool.connected(2) == ["assign 1 to 2"])
        #expect(pool.submit(2) == ["assign 2 to 2"], "a cools off")
        #expect(pool.refused(1, by: 2, retryAfter: .seconds(5)) == ["finish 1 unavailable"])
        #expect(pool.errors[1]?.retryAfter == .seconds(5))
        #expect(pool.submit(3) == ["assign 3 to 1"], "both cool off: the preferred one")
        _ = pool.pass(.seconds(1))
        #expect(pool.submit(4) == ["assign 4 to 1"])
    }

    @Test func withOneAddressARefusalEndsTheCall() {
        var pool = PoolUnderTest()
        _ = pool.submit(1)
        _ = pool.connected(1)
        #expect(pool.refused(1, by: 1) == ["finish 1 unavailable"])
        #expect(pool.submit(2) == ["assign 2 to 1"])
    }

    @Test func aDaemonThatCoolsOffIsUsedWhenThereIsNoOther() {
        var pool = PoolUnderTest(addresses: 2)
        _ = pool.submit(1)
        _ = pool.connected(1)
        #expect(pool.refused(1, by: 1, retryAfter: .seconds(30)) == ["connect 2 b"])
        #expect(pool.submit(2).isEmpty, "there is hope")
        #expect(pool.failed(2) == ["assign 1 to 1", "assign 2 to 1"], "and then none")
        #expect(pool.refused(1, by: 1) == ["finish 1 unavailable"])
        #expect(pool.pass(.milliseconds(10)).contains("connect 3 b"), "it goes on being tried")
        #expect(pool.connected(3).isEmpty)
        #expect(pool.submit(3) == ["assign 3 to 3"])
    }

    @Test func theTimeThatADaemonGetsNoCallsIsBounded() {
        var pool = PoolUnderTest(addresses: 2) { $0.failbackInterval = .seconds(1) }
        _ = pool.submit(1)
        _ = pool.connected(1)
        _ = pool.refused(1, by: 1, retryAfter: .seconds(1_000_000))
        _ = pool.connected(2)
        _ = pool.freed(1, by: 2)
        #expect(pool.pass(.milliseconds(59_999)).contains("drain 1") == false)
        #expect(pool.pass(.seconds(2)).contains { $0 == "drain 2" || $0.hasSuffix(" a") })
    }
}
