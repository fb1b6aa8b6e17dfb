import FirnStore
import FirnTestSupport

/// One process's way to the store: a call takes time there and back, and may be lost, delayed or refused.
///
/// Sendable, because a simulation runs on one thread.
final class StoreLink: Store, @unchecked Sendable {
    /// How long calls take, in nanoseconds, and how long a caller waits for an answer.
    struct Timing {
        var shortest: Int64
        var longest: Int64
        var timeout: Int64
    }

    private unowned(unsafe) let process: SimulatedProcess
    private let server: StoreServer
    private let witness: Witness
    private let timing: Timing
    /// Whether the last answer came from the store that is in place now: an exchange may have ended since.
    private var isOfPresentStore = true
    /// Whether it is evidence after which nothing may be given out. What another thread finds closes the windows at the next
    /// step of the one that keeps them.
    private var isEvidence: Bool { isOfPresentStore && process.currentFiber === process.windowFiber }
    private var world: World { process.world }

    init(_ server: StoreServer, process: SimulatedProcess, witness: Witness, timing: Timing) {
        self.server = server
        self.process = process
        self.witness = witness
        self.timing = timing
    }

    // MARK: - The calls

    func read(_ key: String) throws(StoreError) -> StoredValue? {
        let value = try perform(Self.kind(ofReading: key)) { [server] in server.read(key) }
        witness.showed(value?.version ?? 0)
        if key == FloorRecord.key { witness.sawFloor(value?.value) }
        return value
    }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try list(prefix: prefix, after: nil, limit: .max)
    }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        let records = try perform(.other) { [server] in server.list(prefix: prefix, after: after, limit: limit) }
        witness.showed(records.lazy.map(\.version).max() ?? 0)
        return records
    }

    func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        do throws(StoreError) {
            let values = try perform(Self.kind(ofReading: keys[0])) { [server] in keys.map(server.read) }
            return values.map { value in
                witness.showed(value?.version ?? 0)
                return .success(value)
            }
        } catch {
            return keys.map { _ in .failure(error) }
        }
    }

    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try write([StoreWrite(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue)])[0].get()
    }

    /// A batch is applied as a whole or in two parts, of which the second may be lost.
    func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        if process.isDenied, server.isSetBack { return deny(writes) }
        process.isDenied = false
        let began = witness.moment
        let view = WriterView(process: process.number, name: process.name, seen: began.seen)
        let count =
            writes.count > 1 && world.counts.isFaulty && process.random.oneIn(20)
            ? Int.random(in: 0..<writes.count, using: &process.random) : writes.count
        do throws(StoreError) {
            let outcomes = try perform(Self.kind(ofWriting: writes[0].key), isWrite: true) { [server] in
                writes.prefix(count).map { server.write($0, by: view) }
            }
            for outcome in outcomes {
                guard case .written(let version) = outcome else { continue }
                noted(witness.wasWritten(version, since: began, at: world.now, isEvidence: isEvidence), version)
            }
            return outcomes.map { .success($0) } + writes.dropFirst(count).map { _ in .failure(Self.unanswered) }
        } catch {
            return writes.map { _ in .failure(error) }
        }
    }

    func highestVersion() throws(StoreError) -> UInt64 {
        let began = witness.moment
        let version = try perform(.readVersion) { [server] in server.contents.lastVersion }
        noted(witness.compared(version, since: began, at: world.now, isEvidence: isEvidence), version)
        return version
    }

    private func noted(_ isProof: Bool, _ version: UInt64) {
        guard isProof else { return }
        world.record(.noted, process.number, version, "\(process.name): version \(version) proves a restore")
    }

    /// It is reached through a daemon that has found that it was set back.
    private func deny(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        guard process.isAlive, let fiber = process.currentFiber else { return writes.map { _ in .failure(Self.gone) } }
        fiber.wait(delay() + delay())
        guard process.isAlive else { return writes.map { _ in .failure(Self.gone) } }
        for write in writes {
            guard fiber === process.windowFiber, let worker = try? WorkerRecord.worker(ofKey: write.key) else {
                continue
            }
            witness.wasDenied(worker, at: world.now)
        }
        world.record(.failed, process.number, 2, "\(process.name): is told that the store was set back")
        return writes.map { _ in .failure(Self.denied) }
    }

    private static func kind(ofReading key: String) -> CallKind {
        switch key {
        case FloorRecord.key: .readFloor
        case LayoutRecord.key: .readLayout
        case _ where key.hasPrefix(WorkerRecord.keyPrefix): .readWorkers
        case _ where key.hasPrefix(SequenceRecord.keyPrefix): .readSequence
        default: .other
        }
    }

    private static func kind(ofWriting key: String) -> CallKind {
        key.hasPrefix(WorkerRecord.keyPrefix)
            ? .writeWorker : key.hasPrefix(SequenceRecord.keyPrefix) ? .writeSequence : .other
    }

    // MARK: - The way there and back

    private func perform<Value>(
        _ kind: CallKind,
        isWrite: Bool = false,
        _ apply: @escaping () -> Value
    ) throws(StoreError) -> Value {
        guard process.isAlive, let fiber = process.currentFiber else { throw Self.gone }
        let there = delay()
        let back = delay()
        let fate = world.counts.nextFate(of: process, isWrite: isWrite)
        var answer: Value?
        var wasUp = true
        var lineage = server.contents.lineage
        let arrive = { [server] in
            wasUp = server.isUp
            if wasUp { server.reached(kind, isAfter: false) }
            lineage = server.contents.lineage
            guard wasUp else { return }
            answer = apply()
            server.reached(kind, isAfter: true)
        }
        if process.isKilledInCall {
            process.isKilledInCall = false
            let moment = Int64.random(in: 0...(there + back), using: &process.random)
            world.after(moment) { [process] in process.kill() }
        }
        switch fate {
        case .answered(let extra):
            world.after(there + extra, arrive)
            fiber.wait(there + extra + back)
        case .refused:
            fiber.wait(there)
        case .requestLost:
            fiber.wait(timing.timeout)
        case .answerLost:
            world.after(there, arrive)
            fiber.wait(timing.timeout)
            answer = nil
        case .late(let delay):
            world.after(timing.timeout + delay, arrive)
            fiber.wait(timing.timeout)
            answer = nil
        }
        guard process.isAlive else { throw Self.gone }
        isOfPresentStore = lineage == server.contents.lineage
        if let answer {
            world.mention("\(process.name): answered \(kind)\(fiber === process.windowFiber ? " (windows)" : "")")
            return answer
        }
        world.mention("\(process.name): no answer to \(kind)\(fiber === process.windowFiber ? " (windows)" : "")")
        world.count(.failed, UInt64(process.number))
        throw wasUp ? Self.unanswered : Self.down
    }

    private func delay() -> Int64 {
        Int64.random(in: timing.shortest...timing.longest, using: &process.random) / 2
    }

    private static let gone = StoreError(code: .unavailable, message: "the process was killed")
    private static let down = StoreError(code: .unavailable, message: "the store is down (injected fault)")
    private static let denied = StoreError(code: .setBack, message: "the daemon before the store found it set back")
    private static let unanswered = StoreError(code: .unavailable, message: "no answer (injected fault)")
}

/// What became of a call.
enum CallFate {
    /// The store takes this much longer than usual.
    case answered(extra: Int64)
    case refused
    case requestLost
    case answerLost
    /// It arrives this long after its caller gave it up.
    case late(Int64)
}
