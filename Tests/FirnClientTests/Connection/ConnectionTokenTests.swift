import FirnWire
import Testing

@testable import FirnClient

/// A token is shown first on a connection; a refused one fails the calls and makes none again.
@Suite struct ConnectionTokenTests {
    private static let token = "0123456789abcdef"

    private func opened(token: String?) -> (ConnectionStateMachine, [ConnectionAction]) {
        var configuration = FirnClientConfiguration()
        configuration.token = token
        var machine = ConnectionStateMachine(
            address: FirnAddress(kind: .unix(path: "/run/test.sock")),
            configuration: configuration
        )
        machine.connectingBegan()
        let actions = machine.connected(at: .now)
        return (machine, actions)
    }

    private func answer(_ outcome: Response.Outcome) -> Response {
        Response(callID: ConnectionStateMachine.authenticationID, outcome: outcome)
    }

    @Test func withoutATokenNothingIsSent() {
        #expect(opened(token: nil).1.isEmpty)
    }

    @Test func theTokenIsSentBeforeAnyCall() {
        let (_, actions) = opened(token: Self.token)
        guard case .send(let request)? = actions.first, actions.count == 1 else {
            Issue.record("\(actions)")
            return
        }
        #expect(request.method == .authenticate(BearerToken(Self.token)))
    }

    @Test(arguments: [
        Response.Outcome.authenticated, .error(Status(.unimplemented, "an older daemon")),
    ]) func anAcceptedTokenEndsNothing(_ outcome: Response.Outcome) {
        var (machine, _) = opened(token: Self.token)
        #expect(machine.responseReceived(answer(outcome), at: .now).isEmpty)
        #expect(machine.state == .open)
        // A second answer is one to no call.
        #expect(!machine.responseReceived(answer(outcome), at: .now).isEmpty)
        #expect(machine.state == .closed)
    }

    @Test func aRefusedTokenFailsTheCallsAndClosesWithoutHandingThemBack() {
        var (machine, _) = opened(token: Self.token)
        let now = ContinuousClock.now
        let call = Call(id: 1, method: .nextID, timeout: .seconds(1), deadline: now + .seconds(1))
        _ = machine.callSubmitted(Submission(call), at: now)
        let actions = machine.responseReceived(answer(.error(Status(.unauthenticated, "wrong"))), at: now)
        #expect(machine.state == .closed && !machine.hasAnswered)
        var failed = 0
        for action in actions {
            switch action {
            case .finish(_, .failure(let error)):
                failed += 1
                #expect(error.code == .unauthenticated && !error.isRetryable)
                #expect(error.message.contains("token file") && !error.message.contains(Self.token))
            case .handBack: Issue.record("a call was handed back")
            default: break
            }
        }
        #expect(failed == 1)
    }
}
