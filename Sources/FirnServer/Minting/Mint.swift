package import FirnEngine
package import FirnLayout
internal import FirnStore
package import FirnWire

/// What threads other than the reactors need to hand out the daemon's IDs: each makes a ``Mint`` of it.
package struct MintSource: Sendable {
    let slots: [WorkerSlot]
    let layout: Layout
    let clock: TickClock
    package let limits: Limits
    let availability: Availability
    let sequences: Sequences
    let meters: [ShardMeter]?

    /// - Parameter meters: one for each thread that mints, where somebody wants to know what they do.
    package init(
        slots: [WorkerSlot],
        layout: Layout,
        clock: TickClock,
        limits: Limits,
        availability: Availability,
        sequences: Sequences,
        meters: [ShardMeter]? = nil
    ) {
        self.slots = slots
        self.layout = layout
        self.clock = clock
        self.limits = limits
        self.availability = availability
        self.sequences = sequences
        self.meters = meters
    }

    /// The mint of one thread of several. Its shards are its own, as a reactor's are.
    ///
    /// - Parameter listener: told on any thread that the mint's ``Mint/storeAnswered()`` is to be called.
    package func mint(thread: Int, of threads: Int, listener: any StoreListener) -> Mint {
        let service = IDService(
            layout: layout,
            limits: limits,
            clock: clock,
            availability: availability,
            sequences: SequenceDesk(sequences: sequences, mailbox: listener),
            recorder: meters.map { CallRecorder($0[thread]) },
            description: { preconditionFailure("a mint is not asked for a description") }
        )
        return Mint(service: service, shards: Server.deal(slots, to: thread, of: threads).map { Shard(slot: $0) })
    }
}

/// IDs and values of sequences for a host that has no sessions, such as HTTP: the same engine, limits and refusals, and
/// the same waits for the next tick.
///
/// What can be had at once is had at once; what cannot is delivered in a later turn, which the host gives when the time
/// has come. For one thread.
package final class Mint {
    /// What is asked for.
    package enum Wish: Sendable {
        case ids(count: UInt32)
        case tickets(of: Name, count: UInt32)
        case prefix(of: Name)

        /// Such wait for ticks, and others for the store.
        var isForIDs: Bool {
            if case .ids = self { true } else { false }
        }

        /// What a call of the framed protocol with this wish is.
        var method: CallMethod {
            switch self {
            case .ids(count: 1): .nextID
            case .ids: .nextBatch
            case .tickets: .nextTickets
            case .prefix: .newPrefix
            }
        }
    }

    /// What came of it: exactly what was asked for, or a refusal.
    package enum Outcome: Sendable, Equatable {
        case runs([Run])
        case prefix(String)
        case refused(Status)
    }

    /// Where a peer mints: always there, so that its IDs are of one worker and rise (promise 4).
    package struct Seat: Sendable {
        let line: Int
    }

    /// An order that waits, by which it can be cancelled.
    package struct OrderID: Hashable, Sendable {
        let number: UInt64
        /// The line where an order for IDs waits; `nil`: the order waits for the store.
        let line: Int?
    }

    let service: IDService
    private let lines: [OrderLine]
    private var storeOrders = StoreOrders()
    private var ordersSoFar: UInt64 = 0

    init(service: IDService, shards: [Shard]) {
        precondition(!shards.isEmpty, "a mint without a shard could give nothing")
        self.service = service
        lines = shards.map { OrderLine(shard: $0) }
    }

    /// The layout of the IDs.
    package var layout: Layout { service.layout }

    /// Why nothing can be given out now; what a host says to those whom it cannot serve.
    package var closed: Status { service.closed }

    // MARK: - Peers

    /// A place for a peer, where the fewest are.
    package func sit() -> Seat {
        let line = lines.indices.min { lines[$0].peers < lines[$1].peers }!
        lines[line].peers += 1
        return Seat(line: line)
    }

    /// The peer has gone. Its orders are cancelled apart.
    package func leave(_ seat: Seat) {
        lines[seat.line].peers -= 1
    }

    // MARK: - Asking

    /// One ID, when it can be had at once and nobody waits; `nil`: order it.
    package func nextID(at seat: Seat) -> FirnID? {
        service.wakeUp()
        guard let id = lines[seat.line].nextID(service) else { return nil }
        counted(.nextID, .runs([Run(first: id, count: 1, stride: 1)]), began: service.moment.bootNanoseconds)
        return id
    }

    /// Asks for what `wish` says.
    ///
    /// - Parameters:
    ///   - timeoutMilliseconds: after so long it is given up, with DEADLINE_EXCEEDED; 0: never.
    ///   - deliver: called in a later turn, once, unless the order is cancelled.
    /// - Returns: what came of it at once, in which case `deliver` is not called; or the order that waits.
    package func order(
        _ wish: Wish,
        at seat: Seat,
        timeoutMilliseconds: UInt32,
        deliver: @escaping (Outcome) -> Void
    ) -> (outcome: Outcome?, waiting: OrderID) {
        service.wakeUp()
        ordersSoFar += 1
        let id = OrderID(number: ordersSoFar, line: wish.isForIDs ? seat.line : nil)
        let deadline = service.deadline(timeoutMilliseconds: timeoutMilliseconds)
        let began = service.moment.bootNanoseconds
        let method = wish.method
        let deliver = { [unowned self] (outcome: Outcome) in
            counted(method, outcome, began: began)
            deliver(outcome)
        }
        let outcome = begin(wish, id, at: seat, deadline: deadline, deliver: deliver)
        if let outcome {
            counted(method, outcome, began: began)
        } else if wish.isForIDs {
            service.recorder?.meter.waited()
        }
        return (outcome, id)
    }

    private func begin(
        _ wish: Wish,
        _ id: OrderID,
        at seat: Seat,
        deadline: Int64,
        deliver: @escaping (Outcome) -> Void
    ) -> Outcome? {
        switch wish {
        case .ids(let count):
            if let objection = service.objection(toCount: count) { return .refused(objection) }
            let order = IDOrder(id: id, deadline: deadline, remaining: count, deliver: deliver)
            return lines[seat.line].begin(order, service)
        case .tickets(let name, let count):
            if let objection = service.objection(toCount: count) { return .refused(objection) }
            let key = Sequences.Key(name: name, use: .tickets)
            return storeOrders.begin(
                StoreOrder(id: id, deadline: deadline, key: key, count: count, deliver: deliver),
                service
            )
        case .prefix(let name):
            let key = Sequences.Key(name: name, use: .prefixes)
            return storeOrders.begin(
                StoreOrder(id: id, deadline: deadline, key: key, count: 1, deliver: deliver),
                service
            )
        }
    }

    /// Counts a call that has ended, from when it was asked to when its outcome is known.
    private func counted(_ method: CallMethod, _ outcome: Outcome, began: Int64) {
        guard let meter = service.recorder?.meter else { return }
        switch outcome {
        case .runs(let runs):
            meter.ended(method, .ok)
            let count = runs.reduce(0) { $0 + UInt64($1.count) }
            if method == .nextTickets { meter.gave(values: count) } else { meter.gave(ids: count) }
        case .prefix:
            meter.ended(method, .ok)
            meter.gave(values: 1)
        case .refused(let status):
            meter.ended(method, CallCode(status.code))
        }
        meter.took(nanoseconds: service.bootNanosecondsNow - began)
    }

    /// Forgets an order; nothing is delivered. What it was given already is a gap.
    package func cancel(_ id: OrderID) {
        if let line = id.line { lines[line].cancel(id) } else { storeOrders.cancel(id) }
    }

    // MARK: - Turns

    /// Nanoseconds until ``takeTurn()`` has something to do; `nil` when nobody waits for the time.
    package var nanosecondsToNextTurn: Int64? {
        guard !storeOrders.isEmpty || lines.contains(where: { !$0.isEmpty }) else { return nil }
        // Serving took a while: the wait starts from the present.
        service.wakeUp()
        let now = service.moment.bootNanoseconds
        var wake = storeOrders.earliestDeadline
        for line in lines where !line.isEmpty {
            let tick = now.addingReportingOverflow(service.nanoseconds(untilTick: line.wakeTick)).partialValue
            wake = min(wake, tick, line.earliestDeadline)
        }
        return wake == .max ? nil : max(0, wake - now)
    }

    /// Serves those who wait, as far as the present tick goes, and gives up whose time has passed.
    package func takeTurn() {
        service.wakeUp()
        var deliveries: [Delivered] = []
        for line in lines { line.takeTurn(service, &deliveries) }
        storeOrders.expire(now: service.moment.bootNanoseconds, &deliveries)
        for delivery in deliveries { delivery.deliver(delivery.outcome) }
    }

    /// Serves those for whom the store has answered.
    package func storeAnswered() {
        service.wakeUp()
        var deliveries: [Delivered] = []
        storeOrders.retry(service, &deliveries)
        for delivery in deliveries { delivery.deliver(delivery.outcome) }
    }

    /// Refuses all who wait, as when the daemon stops and cannot serve them any more.
    package func refuseAll() {
        var deliveries: [Delivered] = []
        for line in lines { line.refuseAll(service.closed, &deliveries) }
        storeOrders.refuseAll(service.closed, &deliveries)
        for delivery in deliveries { delivery.deliver(delivery.outcome) }
    }
}

/// An outcome on its way: delivered when all orders are in their places again, for its receiver may order again.
struct Delivered {
    let deliver: (Mint.Outcome) -> Void
    let outcome: Mint.Outcome
}
