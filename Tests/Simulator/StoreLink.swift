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

    private unowned let process: SimulatedProcess
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
        let value = try perform(isWrite: false) { [server] in server.read(key) }
        witness.showed(value?.version ?? 0)
        if key == FloorRecord.key { witness.sawFloor(value?.value) }
        return value
    }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try list(prefix: prefix, after: nil, limit: .max)
    }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        let records = try perform(isWrite: false) { [server] in server.list(prefix: prefix, after: after, limit: limit)
        }
        witness.showed(records.lazy.map(\.version).max() ?? 0)
        return records
    }

    func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        do throws(StoreError) {
            let values = try perform(isWrite: false) { [server] in keys.map(server.read) }
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
        let began = witness.moment
        let view = WriterView(process: process.number, name: process.name, seen: began.seen)
        let count =
            writes.count > 1 && world.counts.isFaulty && process.random.oneIn(20)
            ? Int.random(in: 0..<writes.count, using: &process.random) : writes.count
        do throws(StoreError) {
            let outcomes = try perform(isWrite: true) { [server] in
                writes.prefix(count).map { server.write($0, by: view) }
            }
            for outcome in outcomes {
                guard case .written(let version) = outcome else { continue }
                witness.wasWritten(version, since: began, at: world.now, isEvidence: isEvidence)
            }
            return outcomes.map { .success($0) } + writes.dropFirst(count).map { _ in .failure(Self.unanswered) }
        } catch {
            return writes.map { _ in .failure(error) }
        }
    }

    func highestVersion() throws(StoreError) -> UInt64 {
        let began = witness.moment
        let version = try perform(isWrite: false) { [server] in server.contents.lastVersion }
        witness.compared(version, since: began, at: world.now, isEvidence: isEvidence)
        return version
    }

    // MARK: - The way there and back

    private func perform<Value>(isWrite: Bool, _ apply: @escaping () -> Value) throws(StoreError) -> Value {
        guard process.isAlive, let fiber = process.currentFiber else { throw Self.gone }
        let there = delay()
        let back = delay()
        let fate = world.counts.nextFate(of: process, isWrite: isWrite)
        var answer: Value?
        var wasUp = true
        var lineage = server.contents.lineage
        let arrive = { [server] in
            wasUp = server.isUp
            lineage = server.contents.lineage
            if wasUp { answer = apply() }
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
        if let answer { return answer }
        world.count(.failed, UInt64(process.number))
        throw wasUp ? Self.unanswered : Self.down
    }

    private func delay() -> Int64 {
        Int64.random(in: timing.shortest...timing.longest, using: &process.random) / 2
    }

    private static let gone = StoreError(code: .unavailable, message: "the process was killed")
    private static let down = StoreError(code: .unavailable, message: "the store is down (injected fault)")
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
