internal import DequeModule
internal import FirnEngine
internal import FirnLayout
internal import FirnWire

/// One thread's requests, including those that wait: for a tick, for their turn, or for the store.
///
/// Pure: it has no sockets, threads or timers. The time is the service's current moment, IDs come from shards, values
/// from a ``SequenceSource``; tests script all three. A host (framed sessions, HTTP) defines how an answer is written,
/// and how much a peer may have unread. The host
/// - submits the peers' requests, and writes the answers that are available at once;
/// - after each ``wakeUp()`` takes the answers of ``expire(_:)`` and, peer by peer, those of ``nextTurn()`` and
///   ``serve(_:room:_:)``;
/// - wakes up again at ``nextWakeUp``, and passes on what the store has answered.
///
/// What it guarantees, each with a test in `RequestSchedulerTests`:
/// 1. A peer's requests for IDs are answered in their order, from one shard: its IDs increase (promise 4).
/// 2. Each request is answered once, or dropped with its peer. A batch is answered whole (promise 6).
/// 3. Peers that wait for a shard take turns of ``turnShare`` IDs. No request overtakes those that wait.
/// 4. Among waiting requests for values of one sequence, none overtakes another.
/// 5. The cost of a wake-up depends on what it serves. Requests that are not served are not examined: turns are a
///    queue, deadlines a heap, and the store's answers identify their requests.
///
/// For one thread; not `Sendable`. It calls no code that could call it back, so none of its variables is accessed while
/// it changes. `@exclusivity(unchecked)` removes the checks for this from each wake-up; they cost more than what they
/// check.
final class RequestScheduler<Shard: IDShard> {
    let service: IDService
    /// IDs that a peer gets before the next peer's turn, when others wait.
    let turnShare: UInt64
    /// The error of a request whose deadline has passed. Each host has its own message. `missingIDs` is the number of
    /// IDs that the request lacks; `nil`: it waited for the store.
    let deadlineExceeded: (_ missingIDs: UInt32?) -> Status

    @exclusivity(unchecked) var lines: [ShardLine<Shard>]
    @exclusivity(unchecked) var peers = Slots(vacant: PendingRequests.vacant)
    /// The order of the peers in the lines.
    @exclusivity(unchecked) var peerLinks = SlotLinks()
    /// The deadlines of peers' requests: the earliest of each peer's, or an earlier time.
    @exclusivity(unchecked) var deadlines = DeadlineHeap()

    /// Requests that wait for the store.
    @exclusivity(unchecked) var storeRequests = Slots(vacant: StoreRequest.vacant)
    /// Those of them that wait for values of a sequence, by sequence.
    @exclusivity(unchecked) var sequenceQueues: [Sequences.Key: SlotQueue] = [:]
    /// The order of the requests in these queues.
    @exclusivity(unchecked) var sequenceLinks = SlotLinks()
    /// The order of each peer's requests.
    @exclusivity(unchecked) var ownLinks = SlotLinks()

    init(
        service: IDService,
        shards: [Shard],
        turnShare: UInt64 = PendingRequests.turnShare,
        deadlineExceeded: @escaping (_ missingIDs: UInt32?) -> Status
    ) {
        precondition(!shards.isEmpty, "a thread without a shard could give nothing")
        precondition(turnShare > 0, "a turn without an ID would never end")
        self.service = service
        self.turnShare = turnShare
        self.deadlineExceeded = deadlineExceeded
        lines = shards.map { ShardLine(shard: $0) }
    }

    // MARK: - Peers

    /// Adds a peer. It is assigned the shard with the fewest peers.
    func join() -> PeerID {
        join(shard: lines.indices.min { lines[$0].peers < lines[$1].peers }!)
    }

    /// Adds a peer with the shard of another one.
    func join(with other: PeerID) -> PeerID { join(shard: peers[other.slot].shard) }

    private func join(shard: Int) -> PeerID {
        lines[shard].peers += 1
        return PeerID(slot: peers.insert(PendingRequests(shard: shard)))
    }

    /// Removes a peer and its requests. From now on its number may be reused.
    func leave(_ peer: PeerID) {
        drop(peer)
        lines[peers[peer.slot].shard].peers -= 1
        peers.remove(peer.slot)
    }

    /// Drops a peer's requests without an answer. IDs that they have already got become gaps.
    func drop(_ peer: PeerID) {
        leaveLine(peer.slot)
        peers[peer.slot].removeForIDs()
        while let request = peers[peer.slot].forStore.first { _ = takeOut(request) }
        deadlines.set(peer.slot, to: .max)
    }

    /// The shard that a peer's IDs come from.
    func shard(of peer: PeerID) -> Shard { lines[peers[peer.slot].shard].shard }

    /// Whether a request for IDs would not have to wait for another request.
    func isFree(_ peer: PeerID) -> Bool {
        peers[peer.slot].forIDs.isEmpty && lines[peers[peer.slot].shard].waiting.isEmpty
    }

    /// How many requests of a peer wait.
    func pendingCount(of peer: PeerID) -> Int { peers[peer.slot].count }

    /// Whether a peer waits for an answer.
    func isPending(_ peer: PeerID) -> Bool { !peers[peer.slot].isEmpty }

    // MARK: - Requests

    /// Answers a request, or returns `nil` when it has to wait. Then its answer comes with a later delivery.
    func submit(_ request: Request, from peer: PeerID) -> Response.Outcome? {
        switch request.method {
        case .nextID: beginIDs(request, count: 1, from: peer)
        case .nextBatch(let count): beginBatch(request, count: count, from: peer)
        case .describe: ended(.describe, .describe(service.describe()))
        case .nextTickets, .newPrefix, .createSequence, .listSequences, .lease, .store:
            beginAtStore(request, from: peer)
        // Where a token is asked for, the connection's gate has answered.
        case .authenticate: ended(.other, .authenticated)
        case .refused(let status): ended(.other, .error(status))
        case .unknown: ended(.other, .error(Self.unknownMethod))
        }
    }

    private func beginBatch(_ request: Request, count: UInt32, from peer: PeerID) -> Response.Outcome? {
        if let objection = service.objection(toCount: count) { return ended(.nextBatch, .error(objection)) }
        return beginIDs(request, count: count, from: peer)
    }

    /// Serves a request for IDs at once when no other waits before it; otherwise lets it wait.
    private func beginIDs(_ request: Request, count: UInt32, from peer: PeerID) -> Response.Outcome? {
        var pending = IDRequest(
            callID: request.callID,
            began: service.moment.bootNanoseconds,
            deadline: service.deadline(timeoutMilliseconds: request.timeoutMilliseconds),
            remaining: count,
            method: CallMethod(request.method)
        )
        if isFree(peer) {
            let line = peers[peer.slot].shard
            var (gathered, share) = (GatheredRuns(), UInt64.max)
            switch pending.advance(from: lines[line].shard, share: &share, gathered: &gathered, service) {
            case .answered(let outcome): return ended(pending.method, outcome)
            case .shareUsed: preconditionFailure("the share of a request that is alone has no end")
            case .waits(let tick): lines[line].wakeTick = tick
            case .waitsForWindow: lines[line].wakeTick = ShardLine<Shard>.never
            case .closed: preconditionFailure("without a window, a request waits for one or is answered")
            }
            peers[peer.slot].gathered = gathered
        }
        peers[peer.slot].forIDs.append(pending)
        if peers[peer.slot].place == .none { enterLine(peer.slot) }
        if peers[peer.slot].place == .line { keep(pending.deadline, of: peer.slot) }
        service.recorder?.meter.waited()
        return nil
    }

    // MARK: - Turns

    /// Reads the clock, and loads the workers' current spaces. To be called when the thread wakes up.
    func wakeUp() {
        service.wakeUp()
        for line in lines.indices where lines[line].shard.refresh() {
            // There is another worker, or none. What is known about the previous worker's ticks no longer applies.
            lines[line].wakeTick = service.moment.tick
        }
    }

    /// Whether ``expire(_:)`` or ``nextTurn()`` has something to do.
    var isDue: Bool { deadlines.earliest <= service.moment.bootNanoseconds || nextTurn() != nil }

    /// The peer whose turn it is; `nil` when it is no peer's turn before the next tick.
    func nextTurn() -> PeerID? {
        let tick = service.moment.tick
        for line in lines.indices {
            if let first = lines[line].waiting.first, lines[line].wakeTick <= tick { return PeerID(slot: first) }
        }
        return nil
    }

    /// Serves the peer whose turn it is.
    ///
    /// - Parameters:
    ///   - room: how many bytes of answers the peer may be given. When none are left, the peer is parked until
    ///     ``hasRead(_:)``.
    ///   - deliveries: gets the answers.
    func serve(_ peer: PeerID, room: Int, _ deliveries: inout [Delivery]) {
        let slot = peer.slot
        let line = peers[slot].shard
        let shard = lines[line].shard
        let whole = lines[line].waiting.count > 1 ? turnShare : .max
        var (share, room) = (whole, room)
        while let request = peers[slot].forIDs.first {
            guard room > 0 else { return park(slot) }
            guard share > 0 else { return moveToEnd(slot) }
            switch peers[slot].serveFirst(from: shard, share: &share, service) {
            case .answered(let outcome):
                room -= outcome.maximumLength
                deliveries.append(delivery(to: peer, request.callID, request.method, outcome, began: request.began))
            case .shareUsed:
                return moveToEnd(slot)
            case .waits(let tick):
                precondition(tick > service.moment.tick, "a tick that has begun is not waited for")
                lines[line].wakeTick = tick
                // A request that took the rest of the tick has had its turn. Otherwise, when ticks are smaller than a
                // share, a giant batch would keep its place, and every tick, until it is complete. A request that got
                // nothing is first in the next tick.
                if share < whole { moveToEnd(slot) }
                return
            case .waitsForWindow:
                lines[line].wakeTick = ShardLine<Shard>.never
                return
            case .closed:
                preconditionFailure("without a window, a request waits for one or is answered")
            }
        }
        leaveLine(slot)
        settle(slot)
    }

    /// Whether a peer must read answers before its requests for IDs continue.
    func isParked(_ peer: PeerID) -> Bool { peers[peer.slot].place == .parked }

    /// A parked peer may be given answers again. It goes to the end of its line.
    func hasRead(_ peer: PeerID) {
        guard isParked(peer) else { return }
        let line = peers[peer.slot].shard
        // With no other peer in the line, it is not known whether the tick is used up.
        if lines[line].waiting.isEmpty { lines[line].wakeTick = service.moment.tick }
        enterLine(peer.slot)
        keep(earliestDeadline(of: peer.slot), of: peer.slot)
    }

    private func enterLine(_ slot: Int) {
        let line = peers[slot].shard
        if lines[line].waiting.isEmpty { lines[line].shard.setWaiting(true) }
        peerLinks.append(slot, to: &lines[line].waiting)
        peers[slot].place = .line
    }

    func leaveLine(_ slot: Int) {
        guard peers[slot].place != .none else { return }
        if peers[slot].place == .line {
            let line = peers[slot].shard
            peerLinks.remove(slot, from: &lines[line].waiting)
            if lines[line].waiting.isEmpty { lines[line].shard.setWaiting(false) }
        }
        peers[slot].place = .none
    }

    private func moveToEnd(_ slot: Int) {
        let line = peers[slot].shard
        guard lines[line].waiting.count > 1 else { return }
        peerLinks.remove(slot, from: &lines[line].waiting)
        peerLinks.append(slot, to: &lines[line].waiting)
    }

    private func park(_ slot: Int) {
        leaveLine(slot)
        peers[slot].place = .parked
        // It gets the errors of expired deadlines when it reads again: the host limits how much it may have unread.
        deadlines.set(slot, to: earliestDeadline(of: slot))
    }

    // MARK: - Answers

    /// Counts a request that arrived in this wake-up and is answered.
    func ended(_ method: CallMethod, _ outcome: Response.Outcome) -> Response.Outcome {
        service.ended(method, outcome, began: service.moment.bootNanoseconds)
        return outcome
    }

    /// Counts a request that waited and is answered.
    func delivery(
        to peer: PeerID,
        _ callID: UInt64,
        _ method: CallMethod,
        _ outcome: Response.Outcome,
        began: Int64
    ) -> Delivery {
        service.ended(method, outcome, began: began)
        return Delivery(peer: peer, response: Response(callID: callID, outcome: outcome))
    }

    private static var unknownMethod: Status {
        Status(
            .unimplemented,
            "the request has no method that this daemon knows; update the daemon, or send one of firn.proto's"
        )
    }
}
