import FirnLayout
import FirnWire

@testable import FirnClient

/// A connection's state machine with a clock and calls that are known by their numbers. Every call has a second.
struct ConnectionUnderTest {
    var state: ConnectionStateMachine
    var now = ContinuousClock.now
    private var calls: [UInt64: Call] = [:]

    static func notStarted() -> ConnectionUnderTest {
        let address = FirnAddress(kind: .unix(path: "/run/test.sock"))
        return ConnectionUnderTest(
            state: ConnectionStateMachine(address: address, configuration: FirnClientConfiguration())
        )
    }

    static func open(calls: UInt64...) -> ConnectionUnderTest {
        var machine = notStarted()
        machine.state.connectingBegan()
        _ = machine.connected()
        for call in calls { _ = machine.submitted(call) }
        return machine
    }

    private init(state: ConnectionStateMachine) {
        self.state = state
    }

    func call(_ id: UInt64) -> Call { calls[id]! }

    mutating func connected() -> [String] {
        carriedOut(state.connected(at: now))
    }

    mutating func submitted(
        _ id: UInt64,
        method: Request.Method = .nextID,
        timeout: Duration = .seconds(1)
    ) -> [String] {
        let call = Call(id: id, method: method, timeout: timeout, deadline: now + timeout)
        calls[id] = call
        return carriedOut(state.callSubmitted(Submission(call), at: now))
    }

    mutating func lost() -> [String] {
        carriedOut(state.connectionLost())
    }

    mutating func cancelled(_ id: UInt64) -> [String] {
        carriedOut(state.callCancelled(id, at: now))
    }

    mutating func answered(_ id: UInt64) -> [String] {
        received(Response(callID: id, outcome: .nextID(FirnID(rawValue: id))))
    }

    mutating func described(_ id: UInt64) -> [String] {
        received(Response(callID: id, outcome: .describe(.sample)))
    }

    mutating func received(_ response: Response) -> [String] {
        carriedOut(state.responseReceived(response, at: now))
    }

    @discardableResult
    mutating func pass(_ duration: Duration) -> [String] {
        now += duration
        return carriedOut(state.timePassed(at: now))
    }

    private func carriedOut(_ actions: [ConnectionAction]) -> [String] {
        for case .finish(let call, let outcome) in actions { call.finish(outcome) }
        return actions.map(\.summary)
    }
}

extension ConnectionAction {
    var summary: String {
        switch self {
        case .send(let request): "send \(request.callID)"
        case .finish(let call, .failure(let error)): "finish \(call.id) \(error.code)"
        case .finish(let call, .success): "finish \(call.id) with its answer"
        case .refused(let submission, let error): "refused \(submission.call.id) \(error.message)"
        case .handBack(let submission, let wasSent): "handBack \(submission.call.id)" + (wasSent ? " sent" : "")
        case .retire: "retire"
        case .close: "close"
        }
    }
}

extension Response {
    static let goAway = Response(callID: 0, outcome: .goAway(reason: "the daemon stops"))
}

extension DaemonDescription {
    static let sample = DaemonDescription(
        version: "1.2.3",
        layout: .snowflake,
        workers: [3, 4],
        maximumBatch: 65_536
    )
}

extension SequenceDescription {
    static func named(_ name: String, kind: Kind = .plain, next: UInt64 = 1) -> SequenceDescription {
        SequenceDescription(name: Name(name)!, kind: kind, next: next, maximum: 1000)
    }
}
