package import FirnEngine
package import FirnLayout
package import FirnWire

/// What threads other than the reactors need to give out the daemon's IDs. Each of them makes a ``Mint`` from it.
package struct MintSource: Sendable {
    let slots: [WorkerSlot]
    let layout: Layout
    let clock: TickClock
    package let limits: Limits
    let availability: Availability
    let sequences: Sequences
    let desks: Desks
    let meters: [ShardMeter]?
    let description: @Sendable () -> DaemonDescription

    /// - Parameters:
    ///   - meters: one for each thread that mints; `nil`: nothing is counted.
    ///   - description: the answer to Describe, for peers that have it.
    package init(
        slots: [WorkerSlot],
        layout: Layout,
        clock: TickClock,
        limits: Limits,
        availability: Availability,
        sequences: Sequences,
        desks: Desks = Desks(),
        meters: [ShardMeter]? = nil,
        description: @escaping @Sendable () -> DaemonDescription = {
            preconditionFailure("these peers do not ask for a description")
        }
    ) {
        self.slots = slots
        self.layout = layout
        self.clock = clock
        self.limits = limits
        self.availability = availability
        self.sequences = sequences
        self.desks = desks
        self.meters = meters
        self.description = description
    }

    /// The mint of one of several threads. It has its own shards, as a reactor has.
    ///
    /// - Parameter listener: gets, on any thread, the answers that must be passed to the mint's
    ///   ``Mint/storeAnswered(_:)``.
    package func mint(thread: Int, of threads: Int, listener: any StoreListener) -> Mint {
        Mint(service: service(thread: thread, listener: listener), shards: shards(thread: thread, of: threads))
    }

    /// The sessions of one of several threads. They have shards of their own, as a reactor's have.
    ///
    /// - Parameter listener: gets, on any thread, the answers that must be passed to
    ///   ``SessionHost/storeAnswered(_:room:send:)``.
    package func sessions(thread: Int, of threads: Int, listener: any StoreListener) -> SessionHost {
        SessionHost(service: service(thread: thread, listener: listener), shards: shards(thread: thread, of: threads))
    }

    private func service(thread: Int, listener: any StoreListener) -> IDService {
        IDService(
            layout: layout,
            limits: limits,
            clock: clock,
            availability: availability,
            sequences: SequenceContext(sequences: sequences, desks: desks, listener: listener),
            listener: listener,
            recorder: meters.map { CallRecorder($0[thread]) },
            description: description
        )
    }

    private func shards(thread: Int, of threads: Int) -> [Shard] {
        Server.deal(slots, to: thread, of: threads).map { Shard(slot: $0) }
    }
}

/// IDs and sequence values for peers that do not use frames, such as HTTP's. It has the same engine, limits and
/// refusals, and the same waits, with the same ``RequestScheduler``.
///
/// What is available is returned at once. Everything else is delivered in a later turn, which the caller runs when it
/// is due. The caller also limits a peer's unread answers: a peer has one request at a time. For one thread.
package final class Mint {
    let service: IDService
    private let requests: RequestScheduler<Shard>
    /// The callbacks of the requests that wait.
    private var receivers: [PeerID: (Response.Outcome) -> Void] = [:]

    init(service: IDService, shards: [Shard]) {
        self.service = service
        requests = RequestScheduler(service: service, shards: shards) { missingIDs in
            missingIDs == nil ? Self.lateStore : Self.lateIDs
        }
    }

    /// The layout of the IDs.
    package var layout: Layout { service.layout }

    /// The largest count that one NextBatch may request.
    package var maximumBatch: UInt32 { service.limits.maximumBatch }

    /// Why nothing can be given out now: the error for a peer that cannot be served.
    package var closed: Status { service.closed }

    /// Why the daemon is not ready; `nil` when it is.
    package var obstacle: Status? { service.obstacle }

    // MARK: - Peers

    /// Adds a peer. All its IDs are from one worker, and increase (promise 4).
    package func join() -> PeerID { requests.join() }

    /// Adds a peer whose IDs come from the same worker as those of `other`: after an ID of one, both get higher ones.
    package func join(with other: PeerID) -> PeerID { requests.join(with: other) }

    /// Removes a peer. What it waits for is not delivered.
    package func leave(_ peer: PeerID) {
        receivers[peer] = nil
        requests.leave(peer)
    }

    // MARK: - Requests

    /// One ID, when it is available at once and no request waits; `nil`: submit a request.
    package func nextID(for peer: PeerID) -> FirnID? {
        requests.wakeUp()
        guard requests.isFree(peer), case .minted(let id) = requests.shard(of: peer).nextID(now: service.moment.tick)
        else { return nil }
        service.recorder?.gaveSingle()
        service.recorder?.count()
        service.sent()
        return id
    }

    /// Requests IDs or values.
    ///
    /// - Parameters:
    ///   - timeoutMilliseconds: after this time the request fails with DEADLINE_EXCEEDED; 0: never.
    ///   - deliver: called in a later turn, once, unless the peer leaves before.
    /// - Returns: the answer, in which case `deliver` is not called; `nil` when the request waits.
    package func submit(
        _ method: Request.Method,
        from peer: PeerID,
        timeoutMilliseconds: UInt32,
        deliver: @escaping (Response.Outcome) -> Void
    ) -> Response.Outcome? {
        precondition(receivers[peer] == nil, "a peer has one request at a time")
        requests.wakeUp()
        let request = Request(callID: 0, timeoutMilliseconds: timeoutMilliseconds, method: method)
        let outcome = requests.submit(request, from: peer)
        if outcome == nil { receivers[peer] = deliver }
        service.sent()
        return outcome
    }

    // MARK: - Counting

    /// Counts a call that its host refused, so that it did not come to the scheduler.
    package func refused(_ status: Status) {
        service.wakeUp()
        service.ended(.other, .error(status), began: service.moment.bootNanoseconds)
        service.sent()
    }

    /// Sets how many connections and calls are open.
    package func has(connections: Int, calls: Int) {
        service.recorder?.meter.has(connections: connections)
        service.recorder?.meter.has(calls: calls)
    }

    // MARK: - Turns

    /// Nanoseconds until ``takeTurn()`` has something to do; `nil` when no request waits for the time.
    package var nanosecondsToNextTurn: Int64? {
        guard requests.waitsForTime else { return nil }
        // Serving took some time: the wait is computed from the current time.
        service.wakeUp()
        let wake = requests.nextWakeUp
        return wake == .max ? nil : max(0, wake - service.moment.bootNanoseconds)
    }

    /// Serves the requests that wait, as far as the current tick allows, and fails those whose deadline has passed.
    package func takeTurn() {
        requests.wakeUp()
        deliver { deliveries in
            requests.expire(&deliveries)
            serveTurns(&deliveries)
        }
    }

    private func serveTurns(_ deliveries: inout [Delivery]) {
        while let peer = requests.nextTurn() { requests.serve(peer, room: .max, &deliveries) }
    }

    /// Serves the requests for which the store has answered. Those that waited for a window have a turn.
    package func storeAnswered(_ answer: StoreAnswer) {
        requests.wakeUp()
        deliver { deliveries in
            requests.storeAnswered(answer, &deliveries)
            serveTurns(&deliveries)
        }
    }

    /// Refuses all requests that wait, for example when the daemon stops and cannot serve them any more.
    package func refuseAll() {
        requests.wakeUp()
        deliver { requests.refuseAll(service.closed, &$0) }
    }

    /// Delivers the answers after all requests are in their places again, because a receiver may submit another
    /// request.
    private func deliver(_ serve: (inout [Delivery]) -> Void) {
        var deliveries: [Delivery] = []
        serve(&deliveries)
        service.sent()
        for delivery in deliveries { receivers.removeValue(forKey: delivery.peer)?(delivery.response.outcome) }
    }

    private static var lateIDs: Status {
        Status(
            .deadlineExceeded,
            "the IDs were not there in time: others have used up the worker's ticks; ask for fewer, or again later",
            retryAfterMilliseconds: 1000
        )
    }

    private static var lateStore: Status {
        Status(
            .deadlineExceeded,
            "the store has not answered in time; try again later",
            retryAfterMilliseconds: 1000
        )
    }
}
