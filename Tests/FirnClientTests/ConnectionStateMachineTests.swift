import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

@Suite struct ConnectionStateMachineTests {
    // MARK: - Calls on a sound connection

    @Test func callsWaitForTheConnectionAndAreSentInOrder() {
        var machine = Machine.notStarted()
        #expect(machine.submitted(1).isEmpty)
        machine.state.connectingBegan()
        #expect(machine.submitted(2).isEmpty)
        #expect(machine.connected() == ["send 1", "send 2"])
        #expect(machine.submitted(3) == ["send 3"])
    }

    @Test func answersFindTheirCallsInAnyOrder() {
        var machine = Machine.open(calls: 1, 2)
        #expect(machine.answered(2) == ["finish 2 with its answer"])
        #expect(machine.answered(1) == ["finish 1 with its answer"])
        #expect(machine.state.state == .open)
    }

    @Test func anErrorEndsOneCallWithWhatTheDaemonSaid() {
        var machine = Machine.open(calls: 1, 2)
        let status = Status(.unavailable, "no window", retryAfterMilliseconds: 250)
        #expect(machine.received(Response(callID: 1, outcome: .error(status))) == ["finish 1 unavailable"])
        guard case .failure(let error)? = machine.call(1).outcome else {
            Issue.record("the call has not failed")
            return
        }
        #expect(error.message == "no window" && error.retryAfter == .milliseconds(250))
        #expect(machine.answered(2) == ["finish 2 with its answer"])
    }

    @Test func noMoreCallsAreOpenThanMayBe() {
        var machine = Machine.open(inFlight: 2, waiting: 1, calls: 1, 2)
        #expect(machine.submitted(3).isEmpty)
        #expect(machine.submitted(4) == ["finish 4 tooManyCalls"])
        #expect(machine.answered(1) == ["finish 1 with its answer", "send 3"])
    }

    @Test func beforeTheConnectionIsThereAsManyCallsWaitAsItWillTake() {
        var machine = Machine.notStarted(inFlight: 2, waiting: 1)
        #expect((1...3).flatMap { machine.submitted($0) }.isEmpty)
        #expect(machine.submitted(4) == ["finish 4 tooManyCalls"])
    }

    @Test func theDaemonIsToldTheTimeThatIsLeft() {
        var machine = Machine.notStarted()
        machine.state.connectingBegan()
        _ = machine.submitted(1)
        machine.pass(.microseconds(400_500))
        let actions = machine.state.connected(at: machine.now)
        guard case .send(let request)? = actions.first else {
            Issue.record("nothing is sent")
            return
        }
        // Rounded up, so that the daemon does not give up before the caller does.
        #expect(request.timeoutMilliseconds == 600)
    }

    // MARK: - Cancellation

    @Test func aCancelledCallKeepsItsPlaceUntilItsLateAnswerWhichIsDropped() {
        var machine = Machine.open(inFlight: 1, calls: 1)
        #expect(machine.submitted(2).isEmpty)
        #expect(machine.cancelled(1).isEmpty)
        #expect(machine.answered(1) == ["send 2"])
        #expect(machine.answered(2) == ["finish 2 with its answer"])
    }

    @Test func aLateAnswerLeavesTheCountOfOpenCallsRight() {
        var machine = Machine.open(calls: 1, 2)
        _ = machine.cancelled(1)
        _ = machine.answered(1)
        #expect(machine.received(.goAway) == ["retire"], "call 2 is still waited for")
        #expect(machine.answered(2) == ["finish 2 with its answer", "close"])
    }

    @Test func aCancelledWaitingCallIsNotSent() {
        var machine = Machine.open(inFlight: 1, calls: 1)
        _ = machine.submitted(2)
        #expect(machine.cancelled(2).isEmpty)
        #expect(machine.answered(1) == ["finish 1 with its answer"])
    }

    @Test func cancellingTwiceOrWhatIsNotThereDoesNothing() {
        var machine = Machine.open(calls: 1)
        #expect(machine.cancelled(1).isEmpty && machine.cancelled(1).isEmpty && machine.cancelled(9).isEmpty)
        #expect(machine.answered(1).isEmpty)
        #expect(machine.state.state == .open)
    }

    // MARK: - Time

    @Test func aCallThatWaitsForRunIsToldSo() {
        var machine = Machine.notStarted()
        _ = machine.submitted(1)
        #expect(machine.pass(.milliseconds(999)).isEmpty)
        #expect(machine.pass(.milliseconds(1)) == ["finish 1 timedOut"])
        #expect("\(machine.call(1).outcome!)".contains("run() had not begun"))
        #expect(machine.state.nextExpiry == nil)
    }

    @Test func aSilentConnectionIsClosedAndItsOtherCallsAreMadeAgain() {
        var machine = Machine.open(calls: 1)
        machine.pass(.milliseconds(500))
        _ = machine.submitted(2)
        #expect(machine.pass(.milliseconds(549)).isEmpty, "the daemon's own word may take 50 ms")
        #expect(machine.pass(.milliseconds(1)) == ["finish 1 timedOut", "retire", "handBack 2 retry", "close"])
    }

    @Test func aConnectionOnWhichAnswersArriveOutlivesACallWithoutOne() {
        var machine = Machine.open(calls: 1, 2)
        _ = machine.answered(2)
        #expect(machine.pass(.milliseconds(1050)) == ["finish 1 timedOut"])
        #expect(machine.answered(1).isEmpty, "a late answer is dropped")
        #expect(machine.submitted(3) == ["send 3"])
    }

    @Test func aConnectionThatOwesAnAnswerForLongIsReplaced() {
        var machine = Machine.open(calls: 1, 2)
        _ = machine.answered(2)
        machine.pass(.milliseconds(1050))
        #expect(machine.pass(.milliseconds(9999)).isEmpty)
        #expect(machine.pass(.milliseconds(1)) == ["retire", "close"])
    }

    @Test func aWaitingCallIsGivenUpBehindOpenOnes() {
        var machine = Machine.open(inFlight: 1, calls: 1)
        _ = machine.submitted(2)
        #expect(machine.pass(.seconds(1)) == ["finish 2 timedOut"])
        #expect(machine.answered(1) == ["finish 1 with its answer"])
    }

    @Test func aCallWhoseTimeHasPassedIsNotSent() {
        var machine = Machine.open(inFlight: 1, calls: 1)
        _ = machine.submitted(2)
        machine.now += .seconds(1)
        #expect(machine.answered(1) == ["finish 1 with its answer", "finish 2 timedOut"])
        let late = Call(id: 9, method: .nextID, deadline: machine.now)
        let actions = machine.state.callSubmitted(late, isRetry: false, at: machine.now)
        #expect(actions.map(\.summary) == ["finish 9 timedOut"])
    }

    // MARK: - Loss

    @Test func callsOfALostConnectionAreMadeAgainOnce() {
        var machine = Machine.open(inFlight: 3, calls: 1, 2)
        _ = machine.submitted(3, isRetry: true)
        _ = machine.submitted(4)
        _ = machine.cancelled(2)
        let actions = machine.state.connectionLost(cause: nil).map(\.summary)
        #expect(actions == ["retire", "handBack 1 retry", "finish 3 connectionClosed", "handBack 4"])
        #expect(machine.state.connectionLost(cause: nil).isEmpty)
        #expect(machine.submitted(5) == ["handBack 5"])
    }

    @Test func whoeverWaitsForAConnectionThatFailsIsTold() {
        var machine = Machine.notStarted()
        machine.state.connectingBegan()
        _ = machine.submitted(1)
        let error = FirnClientError(.unreachable, "no daemon")
        #expect(machine.state.connectingFailed(error).map(\.summary) == ["retire", "finish 1 unreachable"])
        // Handed back, it would connect again at once, and again.
        #expect(machine.submitted(2) == ["finish 2 unreachable"])
        #expect(machine.state.connectingFailed(error).isEmpty)
    }

    @Test func goAwayFinishesOpenCallsAndHandsBackTheRest() {
        var machine = Machine.open(inFlight: 2, calls: 1, 2)
        _ = machine.submitted(3)
        #expect(machine.received(.goAway) == ["retire", "handBack 3"])
        #expect(machine.received(.goAway).isEmpty)
        #expect(machine.submitted(4) == ["handBack 4"])
        #expect(machine.answered(1) == ["finish 1 with its answer"])
        #expect(machine.cancelled(2) == ["close"], "nobody waits for the last any more")
    }

    @Test func goAwayWithoutOpenCallsCloses() {
        var machine = Machine.open()
        #expect(machine.received(.goAway) == ["retire", "close"])
    }

    @Test func aDrainingConnectionClosesWithTheLastAnswerOrTimeout() {
        var answered = Machine.open(calls: 1)
        _ = answered.received(.goAway)
        #expect(answered.answered(1) == ["finish 1 with its answer", "close"])
        var timedOut = Machine.open(calls: 1)
        _ = timedOut.received(.goAway)
        #expect(timedOut.pass(.milliseconds(1050)) == ["finish 1 timedOut", "close"])
    }

    @Test func aDrainingConnectionThatIsLostHandsItsCallsBack() {
        var machine = Machine.open(calls: 1)
        _ = machine.received(.goAway)
        #expect(machine.state.connectionLost(cause: nil).map(\.summary) == ["retire", "handBack 1 retry"])
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
        var machine = Machine.open(calls: 1)
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
        var machine = Machine.open(calls: 1)
        _ = machine.submitted(2, method: .nextTickets(sequence: .init("a")!, count: 10))
        _ = machine.submitted(3, method: .newPrefix(service: .init("ServiceA")!))
        _ = machine.submitted(4, method: .createSequence(.named("a")))
        _ = machine.submitted(5, method: .listSequences(after: .init("m")!))
        let actions = Set(machine.received(response))
        let finished = (1...5).map { "finish \($0) protocolViolation" }
        #expect(actions == Set(finished + ["retire", "close"]))
    }

    @Test func garbageEndsTheConnectionAndItsCalls() {
        var machine = Machine.open(calls: 1)
        let actions = machine.state.garbageReceived(Status(.internal, "no frame")).map(\.summary)
        #expect(actions == ["retire", "finish 1 protocolViolation", "close"])
        #expect(machine.state.garbageReceived(Status(.internal, "no frame")).isEmpty)
        #expect(machine.answered(1).isEmpty)
    }

    @Test func anErrorOfTheWholeConnectionIsEveryCallsError() {
        var machine = Machine.open(inFlight: 1, calls: 1)
        _ = machine.submitted(2)
        let refusal = Response(callID: 0, outcome: .error(Status(.resourceExhausted, "too many connections")))
        let actions = ["retire", "finish 1 resourceExhausted", "finish 2 resourceExhausted", "close"]
        #expect(machine.received(refusal) == actions)
    }

    // MARK: - The end

    @Test func shutDownEndsEveryCall() {
        var machine = Machine.open(inFlight: 1, calls: 1)
        _ = machine.submitted(2)
        #expect(
            machine.state.shutDown().map(\.summary) == ["retire", "finish 1 shutDown", "finish 2 shutDown", "close"]
        )
        #expect(machine.state.shutDown().isEmpty)
    }

    @Test func aConnectionThatComesAboutAfterTheEndIsClosed() {
        var machine = Machine.notStarted()
        machine.state.connectingBegan()
        #expect(machine.state.shutDown().map(\.summary) == ["retire", "close"])
        #expect(machine.connected() == ["close"])
    }
}
