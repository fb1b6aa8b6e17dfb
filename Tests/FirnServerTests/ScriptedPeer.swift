import FirnEngine
import FirnLayout
import FirnServer
import FirnWire
import Synchronization

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
    let decoder = RequestDecoder()
    let description: DaemonDescription

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
    }

    /// The present tick.
    var tick: UInt64 { service.moment.tick }

    /// The present in boot nanoseconds, which deadlines are kept in.
    var now: Int64 { service.moment.bootNanoseconds }

    /// Lets time pass and wakes the service up, as a reactor does.
    func advance(milliseconds: Int64 = 1) {
        time.advance(nanoseconds: milliseconds * 1_000_000)
        service.wakeUp()
        shard.refresh()
    }

    /// Takes all that is left of the present tick away from the sessions.
    func useUpTick() {
        while case .minted = shard.nextRun(upTo: .max, now: tick) {}
    }

    func connect() -> ScriptedPeer { ScriptedPeer(host: self) }
}

/// A peer of one session: sends bytes, and reads what it is answered.
final class ScriptedPeer {
    let host: ScriptedHost
    private var session: Session
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
        session = Session(limits: host.limits)
    }

    var isWaiting: Bool { session.hasWaitingCalls }
    var wantsInput: Bool { session.wantsInput }
    var earliestDeadline: Int64 { session.earliestDeadline }

    /// Hands bytes in, once.
    @discardableResult
    func receive(_ bytes: [UInt8] = []) -> Session.Demand {
        unread += bytes
        let (used, demand) = session.received(
            unread.span.bytes,
            decoder: host.decoder,
            service: host.service,
            shard: host.shard,
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

    /// Gives the waiting calls a turn, as a reactor does at each wake-up.
    @discardableResult
    func takeTurn(share: UInt64 = .max) -> Session.Turn {
        session.expireCalls(service: host.service, output: output)
        return session.takeTurn(
            share: share,
            service: host.service,
            shard: host.shard,
            output: output,
            outputLimit: outputLimit
        )
    }

    func failCalls(_ status: Status) {
        session.failCalls(status, service: host.service, output: output)
    }

    /// The bytes that wait to be read.
    var unsent: [UInt8] { output.withUnsafeBytes { Array($0) } }

    /// Reads all answers that there are.
    ///
    /// - Returns: those that are new.
    @discardableResult
    func read() -> [Response] {
        let bytes = unsent
        output.removeAll()
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
