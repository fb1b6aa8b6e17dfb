import FirnEngine
import FirnLayout
import FirnWire
import Synchronization

@testable import FirnServer

/// Clocks that move when the test says so.
final class ScriptedTime: TimeSource {
    private let wall: Atomic<Int64>
    private let boot = Atomic<Int64>(5_000_000_000)

    init(unixNanoseconds: Int64) {
        wall = Atomic(unixNanoseconds)
    }

    func wallNanoseconds() -> Int64 { wall.load(ordering: .relaxed) }
    func bootNanoseconds() -> Int64 { boot.load(ordering: .relaxed) }

    func advance(nanoseconds: Int64) {
        wall.wrappingAdd(nanoseconds, ordering: .relaxed)
        boot.wrappingAdd(nanoseconds, ordering: .relaxed)
    }
}

/// The daemon's side of a conversation without its sockets: one shard of one worker, in a time that stands still.
final class ScriptedHost {
    /// Ticks of 16 IDs, so that a test can fill one by hand. The shard claims blocks of 2.
    static let narrow = try! Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:4")
    /// 2026-01-01T00:00:00Z.
    static let start: Int64 = 1_767_225_600_000_000_000
    static let worker: UInt64 = 5

    let layout: Layout
    var limits: Limits
    let time: ScriptedTime
    let slot = WorkerSlot()
    let availability = Availability()
    let service: IDService
    let meter = ShardMeter()
    let shard: Shard
    let requests: RequestScheduler<Shard>
    let decoder = RequestDecoder()
    let description: DaemonDescription
    /// Weakly, for a peer keeps its host.
    private var peers: [PeerID: WeakPeer] = [:]

    private struct WeakPeer {
        weak var peer: ScriptedPeer?
    }

    /// - Parameters:
    ///   - windowTicks: how many ticks the window has, the present one included; 0: no worker is claimed.
    ///   - ticksAhead: how far ahead of the present the worker was used already.
    init(
        layout: Layout = narrow,
        windowTicks: UInt64 = 1_000_000,
        ticksAhead: UInt64 = 0,
        limits: Limits = Limits(fileDescriptors: 1024)
    ) {
        self.layout = layout
        self.limits = limits
        time = ScriptedTime(unixNanoseconds: Self.start)
        let clock = TickClock(layout: layout, source: time)
        let now = clock.now().tick
        if windowTicks > 0 {
            slot.open {
                Space(
                    layout: layout,
                    worker: min(Self.worker, layout.maximumWorker),
                    firstTick: max($0, now + ticksAhead),
                    limit: now + ticksAhead + windowTicks
                )
            }
        }
        availability.becameReady()
        let description = DaemonDescription(
            version: "9.8.7",
            layout: layout,
            workers: [UInt32(Self.worker)],
            maximumBatch: limits.maximumBatch
        )
        self.description = description
        service = IDService(
            layout: layout,
            limits: limits,
            clock: clock,
            availability: availability,
            recorder: CallRecorder(meter)
        ) { description }
        shard = Shard(slot: slot)
        requests = RequestScheduler(service: service, shards: [shard]) { missingIDs in
            Session.deadlineExceeded(missingIDs: missingIDs, of: layout)
        }
    }

    /// The present tick.
    var tick: UInt64 { service.moment.tick }

    /// The present in boot nanoseconds, which deadlines are kept in.
    var now: Int64 { service.moment.bootNanoseconds }

    /// Lets time pass and wakes the service up, as a reactor does.
    func advance(milliseconds: Int64 = 1) {
        time.advance(nanoseconds: milliseconds * 1_000_000)
        requests.wakeUp()
    }

    /// Gives those who wait their turns, as a reactor does at each wake-up.
    func serveRequests() {
        var deliveries: [Delivery] = []
        requests.expire(&deliveries)
        hand(out: &deliveries)
        while let peer = requests.nextTurn() {
            requests.serve(peer, room: peers[peer]?.peer?.room ?? 0, &deliveries)
            hand(out: &deliveries)
        }
    }

    func hand(out deliveries: inout [Delivery]) {
        for delivery in deliveries { peers[delivery.peer]?.peer?.write(delivery.response) }
        deliveries.removeAll()
    }

    /// Takes all that is left of the present tick away from the sessions.
    func useUpTick() {
        while case .minted = shard.nextRun(upTo: .max, now: tick) {}
    }

    func connect() -> ScriptedPeer {
        let peer = ScriptedPeer(host: self)
        peers[peer.id] = WeakPeer(peer: peer)
        return peer
    }
}

/// A peer of one session: sends bytes, and reads what it is answered.
final class ScriptedPeer {
    let host: ScriptedHost
    private let session: Session
    private let output = FrameBuffer()
    private let decoder = ResponseDecoder()
    /// What the session has not used of the input yet.
    private(set) var unread: [UInt8] = []
    /// All answers so far, in the order they came in.
    private(set) var answers: [Response] = []
    /// Unsent bytes from which on the session gets no more to do.
    var outputLimit = 256 * 1024

    init(host: ScriptedHost) {
        self.host = host
        session = Session(peer: host.requests.join())
    }

    deinit {
        host.requests.leave(id)
    }

    var id: PeerID { session.peer }
    var room: Int { outputLimit - output.count }
    /// Whether calls wait for a tick.
    var isWaiting: Bool { !host.requests.peers[id.slot].forIDs.isEmpty }
    var wantsInput: Bool { session.takesRequests(host.requests) }
    var earliestDeadline: Int64 { host.requests.deadlines.deadline(of: id.slot) }

    /// Hands bytes in, once.
    @discardableResult
    func receive(_ bytes: [UInt8] = []) -> Session.Demand {
        unread += bytes
        let (used, demand) = session.received(
            unread.span.bytes,
            decoder: host.decoder,
            requests: host.requests,
            output: output,
            outputLimit: outputLimit
        )
        unread.removeFirst(used)
        return demand
    }

    /// Hands requests in, and the rest again for as long as the session wants another turn.
    @discardableResult
    func call(_ requests: [Request]) -> Session.Demand {
        var demand = receive(Self.frames(requests))
        while demand == .anotherTurn { demand = receive() }
        return demand
    }

    @discardableResult
    func call(_ callID: UInt64, _ method: Request.Method, timeoutMilliseconds: UInt32 = 0) -> Session.Demand {
        call([Request(callID: callID, timeoutMilliseconds: timeoutMilliseconds, method: method)])
    }

    /// What came of a turn.
    enum Turn: Equatable {
        /// No call waits any more.
        case done
        /// Calls wait for this tick.
        case waits(untilTick: UInt64)
        /// Calls wait, but the peer has to take its answers first.
        case outputFull
    }

    /// Gives all who wait their turns, and says what this one waits for then.
    @discardableResult
    func takeTurn() -> Turn {
        host.serveRequests()
        guard isWaiting else { return .done }
        return host.requests.isParked(id) ? .outputFull : .waits(untilTick: host.requests.lines[0].wakeTick)
    }

    func failCalls(_ status: Status) {
        var deliveries: [Delivery] = []
        host.requests.refuse(id, status, &deliveries)
        host.hand(out: &deliveries)
    }

    func write(_ response: Response) { output.append(response) }

    /// The bytes that wait to be read.
    var unsent: [UInt8] { output.withUnsafeBytes { Array($0) } }

    /// Reads all answers that there are.
    ///
    /// - Returns: those that are new.
    @discardableResult
    func read() -> [Response] {
        let bytes = unsent
        output.removeAll()
        host.requests.hasRead(id)
        var new: [Response] = []
        var rest = bytes.span.bytes
        while case .whole(let length) = Frame.read(rest, maximumLength: Frame.maximumResponseLength) {
            let end = Frame.headerLength + length
            do {
                new.append(try decoder.decode(rest.extracting(Frame.headerLength..<end)))
            } catch {
                preconditionFailure("the session wrote what no client reads: \(error)")
            }
            rest = rest.extracting(droppingFirst: end)
        }
        precondition(rest.byteCount == 0, "the session wrote part of a frame")
        answers += new
        return new
    }

    static func frames(_ requests: [Request]) -> [UInt8] {
        let buffer = FrameBuffer()
        for request in requests { buffer.appendRequest(request) }
        return buffer.withUnsafeBytes { Array($0) }
    }

    static func frame(_ message: [UInt8]) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) } + message
    }
}

extension Response {
    /// The IDs in the answer, in its order.
    var ids: [UInt64] {
        switch outcome {
        case .nextID(let id): [id.rawValue]
        case .nextBatch(let runs): runs.flatMap { $0.map(\.rawValue) }
        default: []
        }
    }

    var runs: [Run] {
        if case .nextBatch(let runs) = outcome { runs } else { [] }
    }

    var error: Status? {
        if case .error(let status) = outcome { status } else { nil }
    }
}

/// Whether each is higher than the one before it, which also makes all of them different.
func strictlyRise(_ ids: [UInt64]) -> Bool {
    zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 }
}

/// Requests for `count` single IDs, with call IDs from `first` on.
func singleCalls(_ count: Int, from first: UInt64 = 1) -> [Request] {
    (0..<count).map { Request(callID: first + UInt64($0), method: .nextID) }
}
