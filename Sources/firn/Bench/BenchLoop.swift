internal import FirnClient
internal import FirnWire
internal import NIOCore

/// What `firn bench` does.
struct BenchPlan: Sendable {
    let address: FirnAddress
    let tls: FirnTLSConfiguration
    let token: String?
    let timeout: Duration
    let connections: Int
    let inFlight: Int
    /// IDs per call.
    let batch: Int
    /// Calls per second of all connections together; nil: a call for each answer.
    let rate: Int?
    let duration: Duration
    let threads: Int

    var hasRate: Bool { rate != nil }

    /// A call for one ID is the one that callers make.
    var method: Request.Method { batch == 1 ? .nextID : .nextBatch(count: UInt32(batch)) }

    fileprivate func calls(connection: Int) -> BenchCalls {
        BenchCalls(
            inFlight: inFlight,
            timeout: timeout.wholeNanoseconds,
            schedule: schedule(connection: connection),
            end: duration.wholeNanoseconds
        )
    }

    fileprivate func schedule(connection: Int) -> CallSchedule? {
        rate.map { CallSchedule(rate: Double($0), connection: connection, of: connections) }
    }
}

/// The connections of one of the threads of `firn bench`. Everything here runs on its event loop.
final class BenchLoop {
    /// How long a connection that was lost is away: far longer than connecting takes, so that a daemon that is away is not
    /// asked without end.
    private static let pauseBeforeConnecting = TimeAmount.milliseconds(100)
    /// How often late calls are looked for.
    private static let inspection = TimeAmount.milliseconds(20)

    var tally = BenchTally()
    /// Whether calls are made.
    private(set) var hasBegun = false

    private let plan: BenchPlan
    private let eventLoop: any EventLoop
    private var connections: [BenchConnection] = []
    /// When each connection has to be looked at, which need not be when it can send.
    private var schedules: [CallSchedule] = []
    /// The connection whose call is due next.
    private var turn = 0
    private var start = NIODeadline.now()
    /// No call is due from then on.
    private(set) var end: Int64
    private var finished: EventLoopPromise<Void>?

    /// - Parameter thread: which of the plan's; the connections are dealt out to the threads.
    init(plan: BenchPlan, thread: Int, eventLoop: any EventLoop) {
        self.plan = plan
        self.eventLoop = eventLoop
        end = plan.duration.wholeNanoseconds
        for number in stride(from: thread, to: plan.connections, by: plan.threads) {
            connections.append(BenchConnection(plan: plan, calls: plan.calls(connection: number), loop: self))
            if let schedule = plan.schedule(connection: number) { schedules.append(schedule) }
        }
    }

    /// Nanoseconds since the beginning.
    var now: Int64 { (NIODeadline.now() - start).nanoseconds }

    /// Makes the connections, one after the other: a daemon's queue for new ones is short.
    func connect() -> EventLoopFuture<Void> {
        connections.reduce(eventLoop.makeSucceededVoidFuture()) { before, connection in
            let connection = NIOLoopBound(connection, eventLoop: eventLoop)
            let loop = NIOLoopBound(self, eventLoop: eventLoop)
            return before.flatMap { loop.value.connect(connection.value) }
        }
    }

    /// Makes calls until the plan's end.
    ///
    /// - Returns: when all of them have ended.
    func begin(at start: NIODeadline) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        (self.start, hasBegun, finished) = (start, true, promise)
        for connection in connections {
            if connection.isConnected { connection.pump() } else { lost(connection) }
        }
        waitForNextCall()
        inspect()
        return promise.futureResult
    }

    /// Makes no further calls.
    func stop() {
        let now = now
        end = min(end, now)
        for connection in connections { connection.stop(at: now) }
    }

    /// A connection was lost.
    func lost(_ connection: BenchConnection) {
        guard finished != nil, now < end else { return }
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: Self.pauseBeforeConnecting) {
            guard loop.value.finished != nil, loop.value.now < loop.value.end else { return }
            loop.value.connect(connection.value).whenFailure { error in
                guard let error = error as? FirnClientError else { return }
                connection.value.connectingFailed(error)
                loop.value.lost(connection.value)
            }
        }
    }

    private func connect(_ connection: BenchConnection) -> EventLoopFuture<Void> {
        let connection = NIOLoopBound(connection, eventLoop: eventLoop)
        return BareChannel.connect(
            to: plan.address,
            on: eventLoop,
            tls: plan.tls,
            within: plan.timeout,
            makeHandler: { connection.value }
        ).map { _ in }
    }

    /// Sets the timer for the call that is due next; the connections take turns.
    private func waitForNextCall() {
        guard finished != nil, !schedules.isEmpty else { return }
        let now = now
        var looked = 0
        while schedules[turn].next <= now {
            schedules[turn].take()
            // One look finds all calls of a connection that are due.
            if looked < connections.count { connections[turn].pump() }
            looked += 1
            turn = (turn + 1) % schedules.count
        }
        let next = schedules[turn].next
        guard next < end else { return }
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(deadline: start + .nanoseconds(next)) { loop.value.waitForNextCall() }
    }

    /// Gives up what is too late, and ends when everything has.
    private func inspect() {
        guard finished != nil else { return }
        let now = now
        for connection in connections { connection.timePassed(at: now) }
        if now >= end, connections.allSatisfy({ $0.calls.isFinished(at: now) }) { return finish() }
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: Self.inspection) { loop.value.inspect() }
    }

    private func finish() {
        let promise = finished
        finished = nil
        for connection in connections { connection.close() }
        promise?.succeed()
    }
}

extension Duration {
    var wholeNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
