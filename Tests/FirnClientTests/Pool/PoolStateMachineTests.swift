import FirnWire
import Testing

@testable import FirnClient

/// Which call goes to which connection, and how many there are.
@Suite struct PoolStateMachineTests {
    // MARK: - Calls

    @Test func theFirstCallConnectsAndCallsWaitInTheirOrder() {
        var pool = PoolUnderTest()
        #expect(pool.submit(1) == ["connect 1 a"])
        #expect(pool.submit(3).isEmpty && pool.submit(2).isEmpty)
        #expect(pool.connected(1) == ["assign 1 to 1", "assign 2 to 1", "assign 3 to 1"])
        #expect(pool.submit(4) == ["assign 4 to 1"])
        #expect(pool.load(1) == 4)
    }

    @Test func beforeRunCallsWait() {
        var pool = PoolUnderTest(notRunning: 1)
        #expect(pool.submit(1).isEmpty && pool.submit(2, timeout: .milliseconds(10)).isEmpty)
        #expect(pool.pass(.milliseconds(10)) == ["finish 2 timedOut"])
        #expect(pool.errors[2]?.message.contains("run() had not begun") == true)
        #expect(pool.begin() == ["connect 1 a"])
        #expect(pool.connected(1) == ["assign 1 to 1"])
    }

    @Test func aCallsTimePassesWhileItWaits() {
        var pool = PoolUnderTest()
        _ = pool.submit(1)
        _ = pool.submit(2, timeout: .seconds(2))
        #expect(pool.pass(.milliseconds(999)).isEmpty)
        #expect(pool.pass(.milliseconds(1)) == ["finish 1 timedOut"])
        #expect(pool.errors[1]?.message.contains("before unix:a took the connection") == true)
        #expect(pool.connected(1) == ["assign 2 to 1"])
    }

    @Test func aCancelledCallWaitsNoLonger() {
        var pool = PoolUnderTest()
        for call: UInt64 in 1...4 { _ = pool.submit(call) }
        for call: UInt64 in [2, 4, 9, 0, 2] { pool.state.callCancelled(call) }
        #expect(pool.connected(1) == ["assign 1 to 1", "assign 3 to 1"])
    }

    @Test func theFewestOpenCallsThenTheOldestConnection() {
        var pool = PoolUnderTest { $0.minimumConnectionCount = 3 }
        #expect(pool.connected(1) == ["connect 2 a"])
        #expect(pool.connected(2) == ["connect 3 a"])
        #expect(pool.connected(3).isEmpty)
        #expect(
            (1...7).map { pool.submit($0)[0] }
                == [1, 2, 3, 1, 2, 3, 1].enumerated().map { "assign \($0 + 1) to \($1)" }
        )
        _ = pool.freed(1, by: 2)
        #expect(pool.submit(8) == ["assign 8 to 2"])
        for connection in 1...3 { _ = pool.freed(pool.load(connection)!, by: connection) }
        // One after the other they stay on one connection, and so rise.
        for call: UInt64 in 9...12 {
            #expect(pool.submit(call) == ["assign \(call) to 1"])
            _ = pool.freed(1, by: 1)
        }
    }

    // MARK: - How many connections

    @Test func aConnectionIsAddedWhenTheLeastLoadedIsBusy() {
        var pool = PoolUnderTest()
        _ = pool.submit(1)
        _ = pool.connected(1)
        let busy = PoolStateMachine.growthThreshold
        for call in 2...UInt64(busy) { #expect(pool.submit(call) == ["assign \(call) to 1"]) }
        #expect(pool.submit(1000) == ["assign 1000 to 1", "connect 2 a"])
        #expect(pool.submit(1001) == ["assign 1001 to 1"], "one at a time")
        #expect(pool.connected(2).isEmpty)
        #expect(pool.submit(1002) == ["assign 1002 to 2"])
    }

    @Test func aboveTheSoftLimitOnlyWhenAllAreFullAndNeverAboveTheHardOne() {
        var pool = PoolUnderTest {
            $0.maximumConnectionSoftLimit = 1
            $0.maximumConnectionHardLimit = 2
            $0.maximumCallsInFlight = 300
            $0.maximumWaitingCalls = 5
        }
        _ = pool.submit(1)
        _ = pool.connected(1)
        for call: UInt64 in 2...300 { #expect(pool.submit(call) == ["assign \(call) to 1"]) }
        #expect(pool.submit(301) == ["connect 2 a"])
        #expect(pool.connected(2) == ["assign 301 to 2"])
        for call: UInt64 in 302...600 { #expect(pool.submit(call) == ["assign \(call) to 2"]) }
        for call: UInt64 in 601...605 { #expect(pool.submit(call).isEmpty) }
        #expect(pool.submit(606) == ["finish 606 tooManyCalls"])
        #expect(pool.freed(1, by: 1) == ["assign 601 to 1"])
        #expect(pool.freed(300, by: 2).count == 4)
        #expect(pool.freed(4, by: 2) == ["drain 2"], "above the soft maximum, and nothing open")
        #expect(pool.submit(700) == [], "it takes no new calls, and the other is full")
        #expect(pool.ended(2) == ["connect 3 a"], "there is room again")
    }

    @Test func beforeTheConnectionIsThereAsManyCallsWaitAsItWillTake() {
        var pool = PoolUnderTest {
            $0.maximumCallsInFlight = 2
            $0.maximumWaitingCalls = 1
        }
        #expect((1...3).flatMap { pool.submit($0) } == ["connect 1 a"])
        #expect(pool.submit(4) == ["finish 4 tooManyCalls"])
    }

    @Test func theMinimumIsMadeAtOnceAndReplaced() {
        var pool = PoolUnderTest(notRunning: 1) { $0.minimumConnectionCount = 2 }
        #expect(pool.begin() == ["connect 1 a"])
        #expect(pool.prove(1) == ["connect 2 a"])
        #expect(pool.prove(2).isEmpty)
        #expect(pool.broke(1) == ["connect 3 a"])
    }

    @Test func unusedConnectionsCloseDownToTheMinimum() {
        var pool = PoolUnderTest { $0.minimumConnectionCount = 1 }
        _ = pool.prove(1)
        for call: UInt64 in 1...257 { _ = pool.submit(call) }
        _ = pool.prove(2)
        _ = pool.freed(257, by: 1)
        #expect(pool.pass(.milliseconds(59_999)).isEmpty)
        #expect(pool.pass(.milliseconds(1)) == ["drain 2"])
        #expect(pool.pass(.seconds(1000)).isEmpty)
    }

    @Test func aConnectionInUseIsNotIdle() {
        var pool = PoolUnderTest()
        _ = pool.submit(1, timeout: .seconds(3600))
        _ = pool.prove(1)
        #expect(pool.pass(.seconds(200)).isEmpty)
        _ = pool.freed(1, by: 1)
        #expect(pool.pass(.seconds(59)).isEmpty && pool.pass(.seconds(1)) == ["drain 1"])
    }

    // MARK: - Loss

    @Test func callsOfALostConnectionGoBackToTheirPlaceInTheQueue() {
        var pool = PoolUnderTest { $0.maximumCallsInFlight = 2 }
        _ = pool.submit(1)
        _ = pool.prove(1)
        _ = pool.submit(2)
        _ = pool.submit(3)
        #expect(pool.broke(1, calls: 1, 2).isEmpty, "a second one is being made already")
        #expect(pool.connected(2) == ["assign 1 to 2", "assign 2 to 2", "connect 3 a"])
    }

    @Test func aConnectionThatTakesNoNewCallsIsReplacedWhenOneComes() {
        var pool = PoolUnderTest()
        _ = pool.submit(1)
        _ = pool.prove(1)
        #expect(pool.retired(1).isEmpty)
        #expect(pool.submit(2) == ["connect 2 a"])
        #expect(pool.connected(2) == ["assign 2 to 2"])
        #expect(pool.handedBack([2], by: 2, wasSent: false) == ["assign 2 to 2"])
        #expect(pool.ended(1).isEmpty)
    }

    @Test func connectionsOfADaemonThatDiesAreOneBreak() {
        var pool = PoolUnderTest { $0.minimumConnectionCount = 4 }
        for connection in 1...4 { _ = pool.prove(connection) }
        _ = pool.submit(1, timeout: .seconds(60))
        for connection in 1...4 { _ = pool.handedBack([1], by: connection) }
        #expect(pool.submissions[1]!.breaks == 1)
    }

    /// A write to a store may have been made before the connection broke: its caller has to look.
    @Test func aWriteThatWasSentIsNotMadeAgain() {
        let write = Request.Method.store(
            .write([StoreCall.Write(key: "clock", value: "v", ifVersion: 0, ifValue: "")])
        )
        var pool = PoolUnderTest()
        _ = pool.submit(1, write, timeout: .seconds(60))
        _ = pool.prove(1)
        #expect(pool.handedBack([1], by: 1, wasSent: false) == ["assign 1 to 1"])
        #expect(pool.broke(1, calls: 1) == ["finish 1 connectionClosed"])
        var read = PoolUnderTest()
        _ = read.submit(1, .store(.read(["clock"])), timeout: .seconds(60))
        _ = read.prove(1)
        #expect(read.broke(1, calls: 1) == ["connect 2 a"])
    }

    @Test func aWriteThatADaemonRefusedIsNotMadeAtAnother() {
        let write = Request.Method.store(
            .write([StoreCall.Write(key: "clock", value: "v", ifVersion: 0, ifValue: "")])
        )
        var pool = PoolUnderTest(addresses: 2)
        _ = pool.submit(1, write, timeout: .seconds(60))
        _ = pool.prove(1)
        #expect(pool.refused(1, by: 1).first == "finish 1 unavailable")
    }

    @Test func aCallThatBreaksEveryConnectionFailsInTheEnd() {
        var pool = PoolUnderTest()
        var actions = pool.submit(1, timeout: .seconds(3600))
        for connection in 1...PoolStateMachine.maximumBreaks {
            #expect(actions == ["connect \(connection) a"])
            #expect(pool.connected(connection) == ["assign 1 to \(connection)"])
            #expect(pool.freed(0, by: connection).isEmpty)
            actions = pool.broke(connection, calls: 1)
        }
        let last = PoolStateMachine.maximumBreaks + 1
        _ = pool.prove(last)
        #expect(pool.broke(last, calls: 1) == ["finish 1 connectionClosed"])
        #expect(pool.errors[1]?.message.contains("\(last) times") == true)
    }

    @Test func aPeerThatClosesEachConnectionIsNotConnectedInATightLoop() {
        var pool = PoolUnderTest()
        _ = pool.submit(1, timeout: .seconds(3600))
        var connection = 0
        while pool.errors.isEmpty {
            connection += 1
            _ = pool.connected(connection)
            #expect(pool.broke(connection, calls: 1).contains { $0.hasPrefix("connect") } == false)
            while pool.errors.isEmpty, pool.connects.count == connection { _ = pool.pass(.milliseconds(1)) }
        }
        let pauses = zip(pool.connects, pool.connects.dropFirst()).map { $1 - $0 }
        for (round, pause) in pauses.prefix(6).enumerated() {
            #expect(pause >= .milliseconds(5 << round) && pause <= .milliseconds((10 << round) + 1))
        }
    }

    // MARK: - The end

    @Test func shutDownEndsEveryCallAndConnection() {
        var pool = PoolUnderTest()
        _ = pool.submit(1)
        _ = pool.submit(2)
        #expect(pool.shutDown() == ["finish 1 shutDown", "finish 2 shutDown", "shutDown 1"])
        #expect(pool.shutDown().isEmpty && !pool.state.hasEnded)
        #expect(pool.submit(3) == ["finish 3 shutDown"])
        #expect(pool.connected(1).isEmpty && pool.state.nextExpiry == nil)
        #expect(pool.ended(1).isEmpty && pool.state.hasEnded)
    }

    @Test func callsHandedBackAfterShutdownFail() {
        var pool = PoolUnderTest()
        _ = pool.submit(1)
        _ = pool.connected(1)
        _ = pool.shutDown()
        #expect(pool.handedBack([1], by: 1) == ["finish 1 shutDown"])
    }
}
