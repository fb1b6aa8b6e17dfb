import FirnTestSupport
import FirnWire
import Testing

@testable import FirnClient

/// A pool's state machine with a clock, addresses a, b, c, and calls that are known by their numbers.
struct PoolUnderTest {
    var state: PoolStateMachine
    private(set) var now = ContinuousClock.now
    private let start: ContinuousClock.Instant
    /// What was assigned, as it was then.
    private(set) var submissions: [UInt64: Submission] = [:]
    /// Where calls were assigned last.
    private(set) var on: [UInt64: Int] = [:]
    private var assigned: [(call: UInt64, connection: Int)] = []
    private var finished: [UInt64] = []
    /// Errors told.
    private(set) var errors: [UInt64: FirnClientError] = [:]
    /// When connections were begun, since the start.
    private(set) var connects: [Duration] = []

    static let refusal = FirnClientError(code: .unreachable, message: "nobody is there.")

    /// A running pool.
    init(addresses: Int = 1, seed: UInt64 = 1, _ configure: (inout FirnClientConfiguration) -> Void = { _ in }) {
        self.init(notRunning: addresses, seed: seed, configure)
        _ = begin()
    }

    init(
        notRunning addresses: Int,
        seed: UInt64 = 1,
        _ configure: (inout FirnClientConfiguration) -> Void = { _ in }
    ) {
        var configuration = FirnClientConfiguration()
        configure(&configuration)
        state = PoolStateMachine(
            addresses: ["a", "b", "c"].prefix(addresses).map { FirnAddress(kind: .unix(path: $0)) },
            configuration: configuration.inRange,
            generator: SeededGenerator(seed: seed)
        )
        start = now
    }

    var elapsed: Duration { now - start }

    func load(_ connection: Int) -> Int? { state.connections.first { $0.id == connection }?.load }

    mutating func begin() -> [String] { carriedOut(state.runBegan(at: now)) }

    mutating func submit(
        _ id: UInt64,
        _ method: Request.Method = .nextID,
        timeout: Duration = .seconds(1)
    ) -> [String] {
        let call = Call(id: id, method: method, timeout: timeout, deadline: now + timeout)
        return carriedOut(state.callSubmitted(call, at: now))
    }

    mutating func connected(_ id: Int) -> [String] { carriedOut(state.connected(id, at: now)) }

    mutating func failed(_ id: Int, _ error: FirnClientError = refusal) -> [String] {
        let actions = carriedOut(state.connectingFailed(id, error, at: now))
        return actions + carriedOut(state.ended(id, at: now))
    }

    /// A connection that is open and has answered a call.
    mutating func prove(_ id: Int) -> [String] { connected(id) + freed(0, by: id) }

    mutating func freed(_ count: Int, by id: Int) -> [String] {
        carriedOut(state.placesFreed(count, hasAnswered: true, by: id, at: now))
    }

    mutating func retired(_ id: Int) -> [String] { carriedOut(state.retired(id, at: now)) }

    mutating func handedBack(_ calls: [UInt64], by id: Int, wasSent: Bool = true) -> [String] {
        carriedOut(state.callsHandedBack(calls.map { (submissions[$0]!, wasSent) }, by: id, at: now))
    }

    mutating func ended(_ id: Int) -> [String] { carriedOut(state.ended(id, at: now)) }

    /// A connection breaks with these calls open.
    mutating func broke(_ id: Int, calls: UInt64...) -> [String] {
        retired(id) + (calls.isEmpty ? [] : handedBack(calls, by: id)) + ended(id)
    }

    mutating func refused(_ call: UInt64, by id: Int, retryAfter: Duration? = nil) -> [String] {
        let error = FirnClientError(code: .unavailable, message: "no window", retryAfter: retryAfter)
        let actions = carriedOut(state.callRefused(submissions[call]!, error, by: id, at: now))
        return actions + freed(1, by: id)
    }

    mutating func shutDown() -> [String] { carriedOut(state.shutDown()) }

    /// What was assigned since it was last asked.
    mutating func takeAssigned() -> [(call: UInt64, connection: Int)] {
        defer { assigned = [] }
        return assigned
    }

    /// Which calls ended since it was last asked.
    mutating func takeFinished() -> [UInt64] {
        defer { finished = [] }
        return finished
    }

    /// Lets time pass as the timer does: from one expected instant to the next.
    mutating func pass(_ duration: Duration) -> [String] {
        let end = now + duration
        var actions: [String] = []
        while let next = state.nextExpiry, next <= end {
            now = max(now, next)
            actions += carriedOut(state.timePassed(at: now))
            guard state.nextExpiry.map({ $0 > now }) ?? true else {
                Issue.record("the timer would go off at once, again and again: \(state)")
                break
            }
        }
        now = end
        return actions
    }

    private mutating func carriedOut(_ actions: [PoolAction]) -> [String] {
        for action in actions {
            switch action {
            case .assign(let submission, let connection):
                submissions[submission.call.id] = submission
                on[submission.call.id] = connection
                assigned.append((submission.call.id, connection))
            case .finish(let call, let error):
                call.finish(.failure(error))
                errors[call.id] = error
                finished.append(call.id)
            case .connect: connects.append(elapsed)
            case .drain, .shutDown: break
            }
        }
        return actions.map(\.summary)
    }
}

extension PoolAction {
    var summary: String {
        switch self {
        case .connect(let id, let address, _): "connect \(id) \("\(address)".dropFirst("unix:".count))"
        case .assign(let submission, let id): "assign \(submission.call.id) to \(id)"
        case .finish(let call, let error): "finish \(call.id) \(error.code)"
        case .drain(let id): "drain \(id)"
        case .shutDown(let id): "shutDown \(id)"
        }
    }
}
