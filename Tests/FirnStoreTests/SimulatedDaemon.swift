import FirnTestSupport
import Synchronization
import Testing

@testable import FirnStore

/// Drives a keeper as a daemon does: one action at a time, against a store, telling a space of its own.
struct SimulatedDaemon {
    let claims: WorkerClaims
    let rule: ClaimRule
    var keeper: WindowKeeper
    var pending: WindowAction
    var space: HeldWorker?
    var lastUsedTick: UInt64?
    var opened = 0
    /// Nobody wants IDs of it.
    var mayRest = false
    /// How often a rest was ended.
    var wanted = 0

    init(claims: WorkerClaims, rule: ClaimRule, seed: UInt64) {
        self.claims = claims
        self.rule = rule
        let configuration = WindowKeeper.Configuration(
            windowTicks: claims.windowTicks,
            maximumTick: claims.maximumTick
        )
        keeper = WindowKeeper(configuration: configuration, jitterSeed: seed)
        pending = keeper.started()
    }

    var isWaiting: Bool { if case .wait = pending { true } else { false } }

    /// The tick that it uses now, if it may use one: the engine's rule, never back and below the limit.
    mutating func use(now: UInt64) -> (worker: UInt32, tick: UInt64)? {
        guard let space, now >= space.firstTick, now < space.limit, now >= lastUsedTick ?? 0 else { return nil }
        lastUsedTick = now
        return (space.worker, now)
    }

    var firstUnusedTick: UInt64 { max(space?.firstTick ?? 0, lastUsedTick.map { $0 + 1 } ?? 0) }

    mutating func requestStop() {
        pending = keeper.stopRequested()
    }

    /// Does the pending action and takes the next one.
    mutating func step(now: UInt64, ledger: Ledger?, random: inout some RandomNumberGenerator) {
        let moment = StoreInstant(tick: now, unixMilliseconds: now)
        switch pending {
        case .claim(let notBefore):
            do throws(StoreError) {
                let outcome = try claims.claim(rule, at: moment, notBefore: notBefore, using: &random)
                pending = keeper.claimAnswered(outcome, now: now)
            } catch {
                if error.code == .setBack { ledger?.mistook(error, by: claims.holder) }
                pending = keeper.claimFailed(error, now: now)
            }
        case .extend(let held, let limit):
            let outcome = claims.extend(held, toLimit: limit, at: moment, using: &random)
            pending = keeper.holdAnswered(outcome, now: now)
        case .readBack(let held):
            pending = keeper.holdAnswered(claims.reconcile(held), now: now)
        case .openSpace(let held):
            #expect(space == nil)
            ledger?.opened(held, by: claims.holder)
            claims.journal?.granted(held)
            space = held
            opened += 1
            pending = keeper.spaceOpened(now: now)
        case .raiseLimit(let held):
            ledger?.raised(held, by: claims.holder)
            claims.journal?.granted(held)
            space = held
            pending = keeper.limitRaised(now: now)
        case .closeSpace:
            let firstUnused = firstUnusedTick
            space = nil
            pending = keeper.spaceClosed(firstUnusedTick: firstUnused)
        case .release(let held, let firstUnusedTick):
            ledger?.released(held, by: claims.holder, firstUnusedTick: firstUnusedTick)
            pending = keeper.releaseAnswered(claims.release(held, firstUnusedTick: firstUnusedTick, at: moment))
        case .wait:
            if keeper.isResting, !mayRest {
                wanted += 1
                pending = keeper.wanted(now: now)
            } else {
                pending = keeper.ticked(now: now, mayRest: mayRest)
            }
        case .finish:
            break
        }
    }
}

/// Remembers every range of ticks that anybody was ever told to use, and compares.
final class Ledger {
    private struct Range {
        var owner: UInt64
        var generation: UInt64
        var firstTick: UInt64
        var limit: UInt64
    }

    private struct Use: Hashable {
        var worker: UInt32
        var tick: UInt64
    }

    private let store: MemoryStore
    private var ranges: [UInt32: [Range]] = [:]
    private var uses: [Use: UInt64] = [:]
    private(set) var violations: [String] = []
    private(set) var usedTicks = 0

    init(store: MemoryStore) {
        self.store = store
    }

    func opened(_ held: HeldWorker, by holder: Holder) {
        let range = Range(
            owner: holder.instance,
            generation: held.generation,
            firstTick: held.firstTick,
            limit: held.limit
        )
        ranges[held.worker, default: []].append(range)
        check(held, holder)
    }

    func raised(_ held: HeldWorker, by holder: Holder) {
        guard let index = index(held, holder) else { return violations.append("raised what was not opened: \(held)") }
        ranges[held.worker]![index].limit = held.limit
        check(held, holder)
    }

    func released(_ held: HeldWorker, by holder: Holder, firstUnusedTick: UInt64) {
        guard let index = index(held, holder) else { return }
        let limit = ranges[held.worker]![index].limit
        ranges[held.worker]![index].limit = min(limit, firstUnusedTick)
    }

    func used(_ worker: UInt32, _ tick: UInt64, by holder: Holder) {
        usedTicks += 1
        let before = uses.updateValue(holder.instance, forKey: Use(worker: worker, tick: tick))
        if let before, before != holder.instance { violations.append("worker \(worker) used tick \(tick) twice") }
    }

    /// The store was never set back.
    func mistook(_ error: StoreError, by holder: Holder) {
        violations.append("\(holder.instance): \(error)")
    }

    private func index(_ held: HeldWorker, _ holder: Holder) -> Int? {
        ranges[held.worker]?.firstIndex { $0.owner == holder.instance && $0.generation == held.generation }
    }

    private func check(_ held: HeldWorker, _ holder: Holder) {
        for other in ranges[held.worker]! where other.owner != holder.instance || other.generation != held.generation {
            if held.firstTick < other.limit, other.firstTick < held.limit {
                violations.append("\(held) overlaps \(other)")
            }
        }
        let key = WorkerRecord.key(held.worker)
        guard let text = store.state.withLock({ $0.records[key]?.value }),
            let record = try? WorkerRecord(key: key, text: text)
        else { return violations.append("\(held) is nowhere stored") }
        let isStored = record.generation == held.generation && record.limit >= held.limit
        if !isStored && record.generation <= held.generation { violations.append("\(held) is ahead of \(record)") }
    }
}

func holder(_ instance: UInt64) -> Holder {
    Holder(host: "host", pod: nil, pid: 1, instance: instance)
}
