internal import FirnEngine
package import FirnWire

/// The ``Session``s of a thread that is no ``Reactor``, such as an event loop with TLS connections: one scheduler for all
/// of them, with the engine, limits, refusals and waits of a reactor.
///
/// It has no sockets. Its owner passes in what arrives, sends what is in ``output``, runs ``takeTurn(room:send:)`` when
/// it is due, and decides when a peer may be given answers. For one thread.
package final class SessionHost {
    /// The answers to one peer that its owner has not sent yet; otherwise empty.
    package let output = FrameBuffer()

    private let service: IDService
    private let requests: RequestScheduler<Shard>
    private let decoder = RequestDecoder()

    init(service: IDService, shards: [Shard]) {
        self.service = service
        requests = RequestScheduler(service: service, shards: shards) { missingIDs in
            Session.deadlineExceeded(missingIDs: missingIDs, of: service.layout)
        }
    }

    package var limits: Limits { service.limits }

    /// Why nothing can be given out now: the error for a peer that cannot be served.
    package var closed: Status { service.closed }

    // MARK: - Peers

    /// Adds a peer. All its IDs are from one worker, and increase (promise 4).
    package func join() -> PeerID { requests.join() }

    /// Removes a peer and its requests.
    package func leave(_ peer: PeerID) { requests.leave(peer) }

    /// Drops a peer's requests without an answer.
    package func drop(_ peer: PeerID) { requests.drop(peer) }

    /// Whether a peer waits for an answer.
    package func isPending(_ peer: PeerID) -> Bool { requests.isPending(peer) }

    /// Whether a peer's requests wait until it has read answers.
    package func isParked(_ peer: PeerID) -> Bool { requests.isParked(peer) }

    /// A parked peer may be given answers again.
    package func hasRead(_ peer: PeerID) { requests.hasRead(peer) }

    /// Whether a peer's session takes more requests.
    package func takesRequests(_ peer: PeerID) -> Bool { Session(peer: peer).takesRequests(requests) }

    // MARK: - Requests

    /// Serves the frames in `bytes`; the answers that are available at once are in ``output``.
    ///
    /// - Parameters:
    ///   - room: the length of ``output`` at which no more frames are served.
    ///   - gate: where the peer shows its token; nil: none is asked for.
    /// - Returns: how many bytes were used, and what its owner must do next. It passes the rest in again.
    package func received(
        _ bytes: RawSpan,
        from peer: PeerID,
        room: Int,
        gate: ConnectionGate?
    ) -> (used: Int, demand: SessionDemand) {
        requests.wakeUp()
        let session = Session(peer: peer)
        guard var gate else {
            return session.received(bytes, decoder: decoder, requests: requests, output: output, outputLimit: room)
        }
        return session.received(
            bytes,
            decoder: decoder,
            requests: requests,
            output: output,
            outputLimit: room,
            gate: &gate
        )
    }

    /// Counts the calls whose answers are in ``output``. Call it before they are sent.
    package func isSending() {
        service.recorder?.count()
    }

    /// Measures how long the calls of this wake-up took. Call it after their answers were sent.
    package func sent() {
        service.sent()
    }

    /// Nanoseconds until ``takeTurn(room:send:)`` has something to do; `nil` when no request waits for the time.
    package var nanosecondsToNextTurn: Int64? {
        guard requests.waitsForTime else { return nil }
        // Serving took some time: the wait is computed from the current time.
        service.wakeUp()
        let wake = requests.nextWakeUp
        return wake == .max ? nil : max(0, wake - service.moment.bootNanoseconds)
    }

    /// Serves the requests that wait, as far as the current tick allows, and fails those whose deadline has passed.
    ///
    /// - Parameters:
    ///   - room: how many bytes of answers a peer may be given.
    ///   - send: called when the answers to a peer are in ``output``, to send them; and for a peer that is parked.
    package func takeTurn(room: (PeerID) -> Int, send: (PeerID) -> Void) {
        requests.wakeUp()
        serveTurns(room, send)
    }

    private func serveTurns(_ room: (PeerID) -> Int, _ send: (PeerID) -> Void) {
        var deliveries: [Delivery] = []
        requests.expire(&deliveries)
        deliver(deliveries, send)
        while let peer = requests.nextTurn() {
            var answers: [Delivery] = []
            requests.serve(peer, room: room(peer), &answers)
            if answers.isEmpty, requests.isParked(peer) { send(peer) } else { deliver(answers, send) }
        }
        service.sent()
    }

    /// Serves the requests for which the store has answered. Those that waited for a window have a turn.
    package func storeAnswered(_ answer: StoreAnswer, room: (PeerID) -> Int, send: (PeerID) -> Void) {
        requests.wakeUp()
        var deliveries: [Delivery] = []
        requests.storeAnswered(answer, &deliveries)
        // Groups the answers by peer and keeps their order: the sort is stable.
        deliveries.sort { $0.peer.slot < $1.peer.slot }
        deliver(deliveries, send)
        serveTurns(room, send)
    }

    /// Refuses the waiting requests of a peer; the answers are in ``output``.
    package func refuse(_ peer: PeerID) {
        requests.wakeUp()
        var deliveries: [Delivery] = []
        requests.refuse(peer, service.closed, &deliveries)
        for delivery in deliveries { output.append(delivery.response) }
    }

    /// Writes the answers, and has each peer's sent at once. Sending may close a connection, and so remove its peer, but
    /// no other.
    private func deliver(_ deliveries: [Delivery], _ send: (PeerID) -> Void) {
        var next = 0
        while next < deliveries.count {
            let peer = deliveries[next].peer
            while next < deliveries.count, deliveries[next].peer == peer {
                output.append(deliveries[next].response)
                next += 1
            }
            send(peer)
            output.removeAll()
        }
    }

    // MARK: - Counting

    /// Sets the number of connections that the owner has open.
    package func has(connections: Int) {
        service.recorder?.meter.has(connections: connections)
    }

    package func closedConnection(_ reason: ClosingReason) {
        service.recorder?.meter.closedConnection(reason)
    }
}
