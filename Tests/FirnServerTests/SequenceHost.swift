import FirnEngine
import FirnLayout
import FirnStore
import FirnWire
import Glibc
import Logging
import Synchronization
import Testing

@testable import FirnServer

/// The sequences of one daemon over a store in memory, and its reactors without their sockets. In real time, as the
/// thread that asks the store is a real one.
final class SequenceHost {
    let store: MemoryStore
    let sequences: Sequences
    let limits: Limits

    /// - Parameter counting: counts the calls to the store; it has the store itself.
    init(
        store: MemoryStore = MemoryStore(),
        counting: CountingStore? = nil,
        instance: UInt64 = .random(in: 0...(.max)),
        limits: Limits = Limits(fileDescriptors: 1024),
        _ configure: (inout Sequences.Configuration) -> Void = { _ in }
    ) throws {
        self.store = counting?.memory ?? store
        self.limits = limits
        var configuration = Sequences.Configuration()
        configure(&configuration)
        let holder = Holder(host: "test", pod: nil, pid: 1, instance: instance)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        sequences = try Sequences(
            claims: SequenceClaims(store: counting ?? store, holder: holder),
            configuration: configuration,
            logger: logger
        )
    }

    /// A reactor's share in it: for one thread at a time.
    func reactor(recorder: CallRecorder? = nil) throws -> SequenceReactor {
        try SequenceReactor(sequences: sequences, limits: limits, recorder: recorder)
    }

    /// What the store has of a sequence.
    func record(_ name: String) throws -> SequenceRecord? {
        let key = SequenceRecord.key(name)
        return try store.read(key).map { try SequenceRecord(key: key, text: $0.value) }
    }
}

extension Sequences {
    /// Ends it, whatever that takes.
    @discardableResult
    func stop() -> Int { stop(within: .seconds(60)) }
}

/// What a reactor has without its sockets: a mailbox, a shard, and sessions that are woken by the mailbox alone.
final class SequenceReactor {
    let mailbox: Mailbox
    let service: IDService
    let requests: RequestScheduler<Shard>
    /// Weakly, for a peer keeps its reactor.
    private var peers: [PeerID: WeakPeer] = [:]

    private struct WeakPeer {
        weak var peer: SequencePeer?
    }

    init(sequences: Sequences, limits: Limits, recorder: CallRecorder? = nil) throws {
        mailbox = try Mailbox()
        let layout = Layout.snowflake
        let clock = TickClock(layout: layout)
        let now = clock.now().tick
        let slot = WorkerSlot()
        slot.open { Space(layout: layout, worker: 5, firstTick: max($0, now), limit: now + 1_000_000) }
        let availability = Availability()
        availability.becameReady()
        service = IDService(
            layout: layout,
            limits: limits,
            clock: clock,
            availability: availability,
            sequences: SequenceContext(sequences: sequences, listener: mailbox),
            recorder: recorder
        ) {
            DaemonDescription(version: "1", layout: layout, workers: [5], maximumBatch: limits.maximumBatch)
        }
        requests = RequestScheduler(service: service, shards: [Shard(slot: slot)]) { missingIDs in
            Session.deadlineExceeded(missingIDs: missingIDs, of: layout)
        }
    }

    func connect() -> SequencePeer {
        let peer = SequencePeer(reactor: self)
        peers[peer.id] = WeakPeer(peer: peer)
        return peer
    }

    /// One wake-up: the mail is read, and calls whose time is over are given up.
    func wakeUp() {
        requests.wakeUp()
        var deliveries: [Delivery] = []
        for answer in mailbox.empty().storeAnswers { requests.storeAnswered(answer, &deliveries) }
        requests.expire(&deliveries)
        hand(out: deliveries)
    }

    func hand(out deliveries: [Delivery]) {
        for delivery in deliveries { peers[delivery.peer]?.peer?.receive(delivery.response) }
    }

    /// Wakes up at each signal until `condition` holds.
    ///
    /// - Returns: whether it did, within ten seconds.
    @discardableResult
    func run(until condition: () -> Bool) -> Bool {
        // So that a fault does not hang; no bound on what is tested.
        let end = ContinuousClock.now + .seconds(60)
        while true {
            wakeUp()
            if condition() { return true }
            guard ContinuousClock.now < end else { return false }
            mailbox.wakeup.waitWithoutClearing()
        }
    }
}

extension Wakeup {
    fileprivate func waitWithoutClearing() {
        var watched = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        _ = poll(&watched, 1, 2)
    }
}

/// A peer of one session on a reactor.
final class SequencePeer {
    let reactor: SequenceReactor
    private let session: Session
    private let output = FrameBuffer()
    private let requestDecoder = RequestDecoder()
    private let decoder = ResponseDecoder()
    private var unread: [UInt8] = []
    private var lastCall: UInt64 = 0
    /// All answers so far by their calls, and the calls in the order of the answers.
    private(set) var answers: [UInt64: Response.Outcome] = [:]
    private(set) var order: [UInt64] = []

    init(reactor: SequenceReactor) {
        self.reactor = reactor
        session = Session(peer: reactor.requests.join())
    }

    deinit {
        reactor.requests.leave(id)
    }

    var id: PeerID { session.peer }

    var isWaiting: Bool { !reactor.requests.peers[id.slot].forStore.isEmpty }
    var wantsInput: Bool { session.takesRequests(reactor.requests) }

    /// Sends a call.
    ///
    /// - Returns: its number.
    @discardableResult
    func ask(_ method: Request.Method, timeoutMilliseconds: UInt32 = 0) -> UInt64 {
        lastCall += 1
        reactor.service.wakeUp()
        let request = Request(callID: lastCall, timeoutMilliseconds: timeoutMilliseconds, method: method)
        receive(ScriptedPeer.frames([request]))
        return lastCall
    }

    @discardableResult
    func receive(_ bytes: [UInt8] = []) -> Session.Demand {
        unread += bytes
        let (used, demand) = session.received(
            unread.span.bytes,
            decoder: requestDecoder,
            requests: reactor.requests,
            output: output,
            outputLimit: 1 << 20
        )
        unread.removeFirst(used)
        read()
        return demand
    }

    /// Sends a call and waits for its answer.
    func call(_ method: Request.Method, timeoutMilliseconds: UInt32 = 0) -> Response.Outcome? {
        let call = ask(method, timeoutMilliseconds: timeoutMilliseconds)
        reactor.run { answers[call] != nil }
        return answers[call]
    }

    /// The answer to a call, once it is there.
    func answer(_ call: UInt64) -> Response.Outcome? {
        reactor.run { answers[call] != nil }
        return answers[call]
    }

    func tickets(_ name: String, _ count: UInt32 = 1) -> [UInt64] {
        call(.nextTickets(sequence: Name(name)!, count: count))?.values ?? []
    }

    func create(_ sequence: SequenceDescription) -> Response.Outcome? { call(.createSequence(sequence)) }

    func failCalls(_ status: Status) {
        var deliveries: [Delivery] = []
        reactor.requests.refuse(id, status, &deliveries)
        reactor.hand(out: deliveries)
    }

    /// An answer that comes later, by its bytes as well.
    func receive(_ response: Response) {
        output.append(response)
        read()
    }

    private func read() {
        let bytes = output.withUnsafeBytes { Array($0) }
        output.removeAll()
        var rest = bytes.span.bytes
        while case .whole(let length) = Frame.read(rest, maximumLength: Frame.maximumResponseLength) {
            let end = Frame.headerLength + length
            do {
                let response = try decoder.decode(rest.extracting(Frame.headerLength..<end))
                precondition(answers[response.callID] == nil, "a call is answered once")
                answers[response.callID] = response.outcome
                order.append(response.callID)
            } catch {
                preconditionFailure("the session wrote what no client reads: \(error)")
            }
            rest = rest.extracting(droppingFirst: end)
        }
    }
}

extension Response.Outcome {
    /// The tickets in it, one by one.
    var values: [UInt64] {
        if case .nextTickets(let runs) = self { runs.flatMap { $0.map(\.rawValue) } } else { [] }
    }

    var status: Status? {
        if case .error(let status) = self { status } else { nil }
    }

    var prefix: String? {
        if case .newPrefix(let prefix) = self { prefix } else { nil }
    }

    var sequence: SequenceDescription? {
        if case .createSequence(let sequence) = self { sequence } else { nil }
    }
}

/// A door in the store: while it is shut, whoever writes stands before it.
final class Gate: Sendable {
    private struct State {
        var isShut = false
        var waiting = 0
    }

    private let state = Mutex(State())

    /// Stands in the way of the writes of `store` to keys that begin with `prefix`.
    init(of store: MemoryStore, prefix: String = "sequences/") {
        store.onOperation { [self] operation, key in
            guard operation == .write, key.hasPrefix(prefix) else { return }
            state.withLock { $0.waiting += 1 }
            while state.withLock(\.isShut) { usleep(200) }
            state.withLock { $0.waiting -= 1 }
        }
    }

    func shut() { state.withLock { $0.isShut = true } }
    func open() { state.withLock { $0.isShut = false } }

    /// Waits until somebody stands before it.
    func awaitSomebody() {
        for _ in 0..<50_000 where state.withLock(\.waiting) == 0 { usleep(200) }
        #expect(state.withLock(\.waiting) > 0, "nobody came to the gate")
    }
}
