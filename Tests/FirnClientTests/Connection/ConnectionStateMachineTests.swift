import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

@Suite struct ConnectionStateMachineTests {
    // MARK: - Calls on a sound connection

    @Test func callsAreSentInTheOrderInWhichTheyCome() {
        var machine = ConnectionUnderTest.notStarted()
        machine.state.connectingBegan()
        #expect(machine.connected().isEmpty)
        #expect(machine.submitted(1) == ["send 1"])
        #expect(machine.submitted(3) == ["send 3"])
        #expect(machine.submitted(2) == ["send 2"])
    }

    @Test func answersFindTheirCallsInAnyOrder() {
        var machine = ConnectionUnderTest.open(calls: 1, 2)
        #expect(machine.answered(2) == ["finish 2 with its answer"])
        #expect(machine.answered(1) == ["finish 1 with its answer"])
        #expect(machine.state.state == .open)
    }

    @Test func anErrorEndsOneCallWithWhatTheDaemonSaid() {
        var machine = ConnectionUnderTest.open(calls: 1, 2)
        let status = Status(.resourceExhausted, "too many lists", retryAfterMilliseconds: 250)
        #expect(machine.received(Response(callID: 1, outcome: .error(status))) == ["finish 1 resourceExhausted"])
        guard case .failure(let error)? = machine.call(1).outcome else {
            Issue.record("the call has not failed")
            return
        }
        #expect(error.message == "too many lists" && error.retryAfter == .milliseconds(250))
        #expect(machine.answered(2) == ["finish 2 with its answer"])
    }

    @Test func aDaemonThatCannotMakeIDsNowMayNotBeTheOnlyOne() {
        var machine = ConnectionUnderTest.open(calls: 1)
        let response = Response(callID: 1, outcome: .error(Status(.unavailable, "no window")))
        #expect(machine.received(response) == ["refused 1 no window"])
        #expect(machine.call(1).outcome == nil)
        #expect(machine.state.takeFreedPlaces() == 1)
    }

    @Test func requestsHaveTheTimeThatIsLeft() {
        var machine = ConnectionUnderTest.open()
        let call = Call(id: 1, method: .nextID, timeout: .seconds(1), deadline: machine.now + .microseconds(599_500))
        let actions = machine.state.callSubmitted(Submission(call), at: machine.now)
        guard case .send(let request)? = actions.first else {
            Issue.record("nothing is sent")
            return
        }
        // Rounded up, so that the daemon does not give up before the caller does.
        #expect(request.timeoutMilliseconds == 600)
    }

    // MARK: - Cancellation

    @Test func aCancelledCallKeepsItsPlaceUntilItsLateAnswerWhichIsDropped() {
        var machine = ConnectionUnderTest.open(calls: 1)
        #expect(machine.cancelled(1).isEmpty && machine.state.takeFreedPlaces() == 0)
        #expect(machine.answered(1).isEmpty && machine.state.takeFreedPlaces() == 1)
        #expect(machine.state.takeFreedPlaces() == 0)
    }

    @Test func aLateAnswerLeavesTheCountOfOpenCallsRight() {
        var machine = ConnectionUnderTest.open(calls: 1, 2)
        _ = machine.cancelled(1)
        _ = machine.answered(1)
        #expect(machine.received(.goAway) == ["retire"], "call 2 is still waited for")
        #expect(machine.answered(2) == ["finish 2 with its answer", "close"])
    }

    @Test func aCallThatEndedOnItsWayFreesItsPlace() {
        var machine = ConnectionUnderTest.open()
        machine.state.callWithdrawn()
        #expect(machine.state.takeFreedPlaces() == 1)
    }

    @Test func cancellingTwiceOrWhatIsNotThereDoesNothing() {
        var machine = ConnectionUnderTest.open(calls: 1)
        #expect(machine.cancelled(1).isEmpty && machine.cancelled(1).isEmpty && machine.cancelled(9).isEmpty)
        #expect(machine.answered(1).isEmpty)
        #expect(machine.state.state == .open)
    }

    // MARK: - Time

    @Test func aSilentConnectionIsClosedAndItsOtherCallsAreMadeAgain() {
        var machine = ConnectionUnderTest.open(calls: 1)
        machine.pass(.milliseconds(500))
        _ = machine.submitted(2)
        #expect(machine.pass(.milliseconds(549)).isEmpty, "the daemon's own word may take 50 ms")
        #expect(machine.pass(.milliseconds(1)) == ["finish 1 timedOut", "retire", "handBack 2 sent", "close"])
    }

    @Test func aShortTimeoutDoesNotMakeAConnectionCountAsSilent() {
        var machine = ConnectionUnderTest.open()
        _ = machine.submitted(1, timeout: .milliseconds(5))
        #expect(machine.pass(.milliseconds(55)) == ["finish 1 timedOut"])
        #expect(machine.pass(.milliseconds(494)).isEmpty)
        #expect(machine.pass(.milliseconds(1)) == ["retire", "close"], "not a byte in half of the default timeout")
    }

    @Test func aLongTimeoutDoesNotMakeAConnectionCountAsSilent() {
        var machine = ConnectionUnderTest.open()
        _ = machine.submitted(1, timeout: .seconds(60))
        #expect(machine.pass(.seconds(60)).isEmpty, "a daemon that waits for its store says nothing")
        #expect(machine.answered(1) == ["finish 1 with its answer"])
    }

    @Test func callsThatWereAllCancelledDoNotHideThatTheConnectionIsSilent() {
        var machine = ConnectionUnderTest.open(calls: 1)
        _ = machine.cancelled(1)
        #expect(machine.pass(.milliseconds(1050)) == ["retire", "close"])
    }

    @Test func aConnectionOnWhichAnswersArriveOutlivesACallWithoutOne() {
        var machine = ConnectionUnderTest.open(calls: 1, 2)
        _ = machine.answered(2)
        #expect(machine.pass(.milliseconds(1050)) == ["finish 1 timedOut"])
        #expect(machine.answered(1).isEmpty, "a late answer is dropped")
        #expect(machine.submitted(3) == ["send 3"])
    }

    @Test func aConnectionThatOwesAnAnswerForLongIsReplaced() {
        var machine = ConnectionUnderTest.open(calls: 1, 2)
        _ = machine.answered(2)
        machine.pass(.milliseconds(1050))
        #expect(machine.pass(.milliseconds(9999)).isEmpty)
        #expect(machine.pass(.milliseconds(1)) == ["retire", "close"])
    }

    @Test func aCallWhoseTimeHasPassedIsNotSent() {
        var machine = ConnectionUnderTest.open()
        #expect(machine.submitted(9, timeout: .zero) == ["finish 9 timedOut"])
        #expect(machine.state.takeFreedPlaces() == 1)
    }

    // MARK: - Keep-alive

    static let probe = "send \(UInt64.max)"

    @Test func aSilentConnectionGetsAKeepAliveCall() {
        var machine = ConnectionUnderTest.open()
        #expect(machine.pass(.milliseconds(29_999)).isEmpty)
        #expect(machine.pass(.milliseconds(1)) == [Self.probe])
        #expect(machine.state.hasAnswered == false)
        #expect(machine.described(.max).isEmpty && machine.state.hasAnswered)
        #expect(machine.state.takeFreedPlaces() == 0, "it took no call's place")
        #expect(machine.pass(.milliseconds(29_999)).isEmpty)
        #expect(machine.pass(.milliseconds(1)) == [Self.probe])
    }

    @Test func aHalfOpenConnectionIsFoundByTheKeepAlive() {
        var machine = ConnectionUnderTest.open()
        machine.pass(.seconds(30))
        #expect(machine.pass(.milliseconds(1049)).isEmpty)
        #expect(machine.submitted(1) == ["send 1"])
        #expect(machine.pass(.milliseconds(1)) == ["retire", "handBack 1 sent", "close"])
    }

    @Test func aConnectionInUseIsNotAsked() {
        var machine = ConnectionUnderTest.open()
        for call: UInt64 in 1...4 {
            #expect(machine.pass(.seconds(20)).isEmpty)
            _ = machine.submitted(call)
            _ = machine.answered(call)
        }
        _ = machine.submitted(5, timeout: .seconds(100))
        #expect(machine.pass(.seconds(90)).isEmpty, "an open call finds out as well")
        #expect(machine.answered(5) == ["finish 5 with its answer"])
        #expect(machine.pass(.seconds(30)) == [Self.probe])
    }

    @Test func anAnswerToAProbeThatWasNotSentIsNoDaemons() {
        var machine = ConnectionUnderTest.open()
        #expect(machine.described(.max) == ["retire", "close"])
    }

    // MARK: - Loss

    @Test func callsOfALostConnectionAreHandedBackInTheirOrder() {
        var machine = ConnectionUnderTest.open(calls: 3, 1, 2)
        _ = machine.cancelled(2)
        #expect(machine.lost() == ["retire", "handBack 1 sent", "handBack 3 sent"])
        #expect(machine.lost().isEmpty)
        #expect(machine.submitted(5) == ["handBack 5"])
    }

    @Test func aConnectionThatFailedIsClosed() {
        var machine = ConnectionUnderTest.notStarted()
        machine.state.connectingBegan()
        machine.state.connectingFailed()
        #expect(machine.state.state == .closed && machine.submitted(1) == ["handBack 1"])
    }

    @Test func goAwayFinishesOpenCallsAndHandsBackLaterOnes() {
        var machine = ConnectionUnderTest.open(calls: 1, 2)
        #expect(machine.received(.goAway) == ["retire"])
        #expect(machine.received(.goAway).isEmpty)
        #expect(machine.submitted(4) == ["handBack 4"])
        #expect(machine.answered(1) == ["finish 1 with its answer"])
        #expect(machine.cancelled(2) == ["close"], "nobody waits for the last any more")
    }

    @Test func whatThePoolWantsDrainedDrains() {
        var machine = ConnectionUnderTest.open(calls: 1)
        #expect(machine.state.drainRequested().map(\.summary) == ["retire"])
        #expect(machine.answered(1) == ["finish 1 with its answer", "close"])
        var idle = ConnectionUnderTest.open()
        #expect(idle.state.drainRequested().map(\.summary) == ["retire", "close"])
    }

    @Test func goAwayWithoutOpenCallsCloses() {
        var machine = ConnectionUnderTest.open()
        #expect(machine.received(.goAway) == ["retire", "close"])
    }

    @Test func aDrainingConnectionClosesWithTheLastAnswerOrTimeout() {
        var answered = ConnectionUnderTest.open(calls: 1)
        _ = answered.received(.goAway)
        #expect(answered.answered(1) == ["finish 1 with its answer", "close"])
        var timedOut = ConnectionUnderTest.open(calls: 1)
        _ = timedOut.received(.goAway)
        #expect(timedOut.pass(.milliseconds(1050)) == ["finish 1 timedOut", "close"])
    }

    @Test func aDrainingConnectionThatIsLostHandsItsCallsBack() {
        var machine = ConnectionUnderTest.open(calls: 1)
        _ = machine.received(.goAway)
        #expect(machine.lost() == ["retire", "handBack 1 sent"])
    }

    // MARK: - Peers that are no daemon

    @Test(arguments: [
        Response(callID: 9, outcome: .nextID(FirnID(rawValue: 1))),
        Response(callID: 0, outcome: .nextID(FirnID(rawValue: 1))),
        Response(callID: 1, outcome: .describe(.sample)),
        Response(callID: 1, outcome: .goAway(reason: "")),
        Response(callID: 1, outcome: .unknown),
        Response(callID: 2, outcome: .nextBatch([Run(first: FirnID(rawValue: 1), count: 9, stride: 1)])),
        Response(callID: 2, outcome: .nextBatch([Run(first: FirnID(rawValue: 1), count: 11, stride: 1)])),
        Response(callID: 2, outcome: .nextBatch([])),
        Response(
            callID: 2,
            outcome: .nextBatch([
                Run(first: FirnID(rawValue: 6), count: 5, stride: 1),
                Run(first: FirnID(rawValue: 10), count: 5, stride: 1),
            ])
        ),
    ])
    func whatNoDaemonSendsEndsTheConnectionAndItsCalls(response: Response) {
        var machine = ConnectionUnderTest.open(calls: 1)
        _ = machine.submitted(2, method: .nextBatch(count: 10))
        let actions = Set(machine.received(response))
        #expect(actions == ["finish 1 protocolViolation", "finish 2 protocolViolation", "retire", "close"])
        #expect(machine.state.state == .closed)
    }

    @Test(arguments: [
        Response(callID: 2, outcome: .nextTickets([Run(first: FirnID(rawValue: 1), count: 9, stride: 1)])),
        Response(callID: 2, outcome: .nextBatch([Run(first: FirnID(rawValue: 1), count: 10, stride: 1)])),
        Response(
            callID: 2,
            outcome: .nextTickets([
                Run(first: FirnID(rawValue: 6), count: 5, stride: 1),
                Run(first: FirnID(rawValue: 1), count: 5, stride: 1),
            ])
        ),
        Response(callID: 3, outcome: .newPrefix("")), Response(callID: 3, outcome: .newPrefix("ServiceA-")),
        Response(callID: 3, outcome: .newPrefix("ServiceB-1")),
        Response(callID: 4, outcome: .createSequence(.named("b"))),
        Response(callID: 4, outcome: .createSequence(.named("a", kind: .prefix))),
        Response(callID: 5, outcome: .listSequences([], more: true)),
        Response(callID: 5, outcome: .listSequences([.named("m")], more: true)),
        Response(callID: 5, outcome: .listSequences([.named("B")], more: false)),
        Response(callID: 5, outcome: .listSequences([.named("o"), .named("n")], more: false)),
    ])
    func whatNoDaemonSaysOfSequencesEndsTheConnection(response: Response) throws {
        var machine = ConnectionUnderTest.open(calls: 1)
        _ = machine.submitted(2, method: .nextTickets(sequence: .init("a")!, count: 10))
        _ = machine.submitted(3, method: .newPrefix(service: .init("ServiceA")!))
        _ = machine.submitted(4, method: .createSequence(.named("a")))
        _ = machine.submitted(5, method: .listSequences(after: .init("m")!))
        let actions = Set(machine.received(response))
        let finished = (1...5).map { "finish \($0) protocolViolation" }
        #expect(actions == Set(finished + ["retire", "close"]))
    }

    @Test func garbageEndsTheConnectionAndItsCalls() {
        var machine = ConnectionUnderTest.open(calls: 1)
        let actions = machine.state.garbageReceived(Status(.internal, "no frame")).map(\.summary)
        #expect(actions == ["retire", "finish 1 protocolViolation", "close"])
        #expect(machine.state.garbageReceived(Status(.internal, "no frame")).isEmpty)
        #expect(machine.answered(1).isEmpty)
    }

    @Test func anErrorOfTheWholeConnectionIsEveryCallsError() {
        var machine = ConnectionUnderTest.open(calls: 1, 2)
        let refusal = Response(callID: 0, outcome: .error(Status(.resourceExhausted, "too many connections")))
        let actions = ["retire", "finish 1 resourceExhausted", "finish 2 resourceExhausted", "close"]
        #expect(machine.received(refusal) == actions)
    }

    // MARK: - The end

    @Test func shutDownEndsEveryCall() {
        var machine = ConnectionUnderTest.open(calls: 1, 2)
        #expect(
            machine.state.shutDown().map(\.summary) == ["retire", "finish 1 shutDown", "finish 2 shutDown", "close"]
        )
        #expect(machine.state.shutDown().isEmpty)
    }

    @Test func aConnectionThatComesAboutAfterTheEndIsClosed() {
        var machine = ConnectionUnderTest.notStarted()
        machine.state.connectingBegan()
        #expect(machine.state.shutDown().map(\.summary) == ["retire", "close"])
        #expect(machine.connected() == ["close"])
    }
}
