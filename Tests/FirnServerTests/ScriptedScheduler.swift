import FirnEngine
import FirnLayout
import FirnWire
import Synchronization

@testable import FirnServer
@testable import FirnStore

/// A shard that gives what the test says: so many IDs in each tick, or a reason why there are none.
final class ScriptedShard: IDShard {
    enum Condition: CaseIterable {
        case open, closed, expired
    }

    /// IDs of each tick.
    var capacity: UInt64
    var condition = Condition.open
    /// Ticks before it are used up.
    var firstTick: UInt64 = 0
    /// Another worker's from the next wake-up on.
    var isReplaced = false
    private(set) var isWaiting = false
    /// How often it was asked for IDs.
    private(set) var asked = 0
    private var tick: UInt64 = 0
    private var taken: UInt64 = 0

    init(capacity: UInt64) {
        self.capacity = capacity
    }

    func nextID(now: UInt64) -> Minted<FirnID> {
        switch nextRun(upTo: 1, now: now) {
        case .minted(let run): .minted(run.first)
        case .full(let tick): .full(untilTick: tick)
        case .closed: .closed
        case .expired: .expired
        }
    }

    func nextRun(upTo count: UInt32, now: UInt64) -> Minted<Run> {
        asked += 1
        switch condition {
        case .closed: return .closed
        case .expired: return .expired
        case .open: break
        }
        if now < firstTick { return .full(untilTick: firstTick) }
        if tick != now { (tick, taken) = (now, 0) }
        guard taken < capacity else { return .full(untilTick: now + 1) }
        let given = min(UInt64(count), capacity - taken)
        defer { taken += given }
        return .minted(Run(first: FirnID(rawValue: now << 20 + taken), count: UInt32(given), stride: 1))
    }

    func useUp(_ now: UInt64) {
        (tick, taken) = (now, capacity)
    }

    func setWaiting(_ waits: Bool) { isWaiting = waits }

    func refresh() -> Bool {
        defer { isReplaced = false }
        return isReplaced
    }
}

/// Sequences whose values are there when the test says so, and what they were asked.
final class ScriptedSequences: SequenceSource {
    private final class Listener: StoreListener {
        func storeAnswered(_: StoreAnswer) {}
    }

    /// How many values there are of each sequence.
    var values: [String: UInt64] = [:]
    /// The names that were asked for, since it was last emptied.
    var asked: [String] = []
    private var given: [String: UInt64] = [:]
    /// The replies that are owed, by the requests' numbers.
    var replies: [Int: StoreReply] = [:]
    private let listener = Listener()

    func take(_ count: UInt32, of key: Sequences.Key, after wait: SequenceWait?, now: Int64) -> Sequences.Answer {
        let name = key.name.description
        asked.append(name)
        guard values[name, default: 0] >= UInt64(count) else { return .wait(wait ?? SequenceWait(round: 1)) }
        values[name]! -= UInt64(count)
        let first = given[name, default: 0] + 1
        given[name, default: 0] += UInt64(count)
        return .taken(SequenceRun(first: first, count: UInt64(count), increment: 1), nil, .plain)
    }

    func create(_ description: SequenceDescription, for request: Int) -> StoreReply { reply(to: request) }

    func list(after name: Name?, for request: Int) -> StoreReply { reply(to: request) }

    func lease(_ call: LeaseCall, for request: Int) -> StoreReply? { reply(to: request) }

    func store(_ call: StoreCall, for request: Int) -> StoreReply? { reply(to: request) }

    private func reply(to request: Int) -> StoreReply {
        let reply = StoreReply(to: request, of: listener)
        replies[request] = reply
        return reply
    }
}

/// Notes what the store has answered.
final class ScriptedListener: StoreListener {
    private let answers = Mutex(0)

    /// How often it was told that a rest has ended.
    var windows: Int { answers.withLock { $0 } }

    func storeAnswered(_ answer: StoreAnswer) {
        if case .windows = answer.subject { answers.withLock { $0 += 1 } }
    }
}

/// A scheduler with a mock clock, scripted shards and a scripted store, and a host that notes each answer.
final class ScriptedScheduler {
    /// What a peer was answered.
    struct Answer {
        let callID: UInt64
        let outcome: Response.Outcome

        var ids: [UInt64] { Response(callID: callID, outcome: outcome).ids }
        var values: [UInt64] { outcome.values }
        var code: Status.Code? { outcome.status?.code }
    }

    let time = ScriptedTime(unixNanoseconds: ScriptedHost.start)
    let shards: [ScriptedShard]
    let sequences = ScriptedSequences()
    let service: IDService
    let requests: RequestScheduler<ScriptedShard>
    /// At rest when a test says so; its end is noted in `listener`.
    let rest = WindowRest()
    let listener = ScriptedListener()
    /// All answers, by peer, in their order.
    private(set) var answers: [PeerID: [Answer]] = [:]
    /// How many bytes of answers a peer may be given in a turn; as many as there are, unless said.
    var room: [PeerID: Int] = [:]
    /// The peers that were served since it was last emptied, in the order of their turns.
    var turns: [PeerID] = []
    private var lastCall: UInt64 = 0

    /// - Parameter capacity: IDs of a tick, which is of a millisecond.
    init(capacity: UInt64 = 16, shards: Int = 1, turnShare: UInt64 = 4) {
        self.shards = (0..<shards).map { _ in ScriptedShard(capacity: capacity) }
        let layout = ScriptedHost.narrow
        let availability = Availability(rest: rest)
        availability.becameReady()
        service = IDService(
            layout: layout,
            limits: Limits(fileDescriptors: 1024),
            clock: TickClock(layout: layout, source: time),
            availability: availability,
            sequences: sequences,
            listener: listener
        ) { DaemonDescription(version: "1", layout: layout, workers: [], maximumBatch: 65_536) }
        requests = RequestScheduler(service: service, shards: self.shards, turnShare: turnShare) { missingIDs in
            Status(.deadlineExceeded, missingIDs.map { "\($0) IDs" } ?? "store")
        }
    }

    var tick: UInt64 { service.moment.tick }
    var now: Int64 { service.moment.bootNanoseconds }

    /// Lets time pass, and wakes up.
    func advance(milliseconds: Int64 = 1) {
        time.advance(nanoseconds: milliseconds * 1_000_000)
        wakeUp()
    }

    func wakeUp() {
        requests.wakeUp()
        var deliveries: [Delivery] = []
        requests.expire(&deliveries)
        while let peer = requests.nextTurn() {
            turns.append(peer)
            requests.serve(peer, room: room[peer] ?? .max, &deliveries)
        }
        note(deliveries)
    }

    /// - Returns: the call's number.
    @discardableResult
    func ask(_ peer: PeerID, _ method: Request.Method, timeoutMilliseconds: UInt32 = 0) -> UInt64 {
        lastCall += 1
        let request = Request(callID: lastCall, timeoutMilliseconds: timeoutMilliseconds, method: method)
        if let outcome = requests.submit(request, from: peer) {
            answers[peer, default: []].append(Answer(callID: lastCall, outcome: outcome))
        }
        return lastCall
    }

    func tickets(_ peer: PeerID, _ name: String, _ count: UInt32 = 1, timeoutMilliseconds: UInt32 = 0) -> UInt64 {
        ask(peer, .nextTickets(sequence: Name(name)!, count: count), timeoutMilliseconds: timeoutMilliseconds)
    }

    /// The store has values of a sequence.
    func storeHas(_ count: UInt64, of name: String) {
        sequences.values[name, default: 0] += count
        storeAnswered(.values(of: Sequences.Key(name: Name(name)!, use: .tickets)))
    }

    /// The store has answered the request with this number.
    func reply(to request: Int, _ content: StoreReply.Content) {
        sequences.replies.removeValue(forKey: request)?.give(content)
        storeAnswered(.reply(to: request))
    }

    func storeAnswered(_ subject: StoreAnswer.Subject) {
        var deliveries: [Delivery] = []
        requests.storeAnswered(StoreAnswer(subject), &deliveries)
        note(deliveries)
    }

    func refuse(_ peer: PeerID? = nil) {
        var deliveries: [Delivery] = []
        let status = Status(.unavailable, "stopping")
        if let peer { requests.refuse(peer, status, &deliveries) } else { requests.refuseAll(status, &deliveries) }
        note(deliveries)
    }

    /// The answers to a peer since it was last asked.
    func read(_ peer: PeerID) -> [Answer] { answers.removeValue(forKey: peer) ?? [] }

    private func note(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            let answer = Answer(callID: delivery.response.callID, outcome: delivery.response.outcome)
            answers[delivery.peer, default: []].append(answer)
        }
    }
}
