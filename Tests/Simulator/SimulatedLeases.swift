import FirnEngine
import FirnStore
import FirnTestSupport
import FirnWindows

/// The calls for leases of a process without a store: to any daemon that runs, over a network that loses and repeats them.
///
/// Sendable, because a simulation runs on one thread.
final class SimulatedLeases: LeaseCalls, @unchecked Sendable {
    private unowned let process: Daemon
    private let giver: Giver
    private var world: World { process.world }

    private static let timeout = 3 * seconds

    init(of process: Daemon, giver: Giver) {
        self.process = process
        self.giver = giver
    }

    func begin(windowTicks: UInt64, notBefore: UInt64, at now: StoreInstant) throws(StoreError) -> WorkerLease {
        let name = process.name
        let number = UInt32(process.number)
        let outcome = try call { daemon, leases throws(StoreError) in
            var random = ProcessRandom(of: daemon)
            let holder = Holder(host: name, pod: nil, pid: number, instance: random.next())
            return try leases.lease(
                to: name,
                holder: holder,
                windowTicks: windowTicks,
                notBefore: notBefore,
                excluding: daemon.ownWorkers,
                at: daemon.clock.now().storeInstant,
                using: &random
            )
        }
        switch outcome {
        case .leased(let lease):
            giver.instances.append(lease.instance)
            world.record(
                .lease,
                process.number,
                lease.instance,
                "\(process.name): leases worker \(lease.worker) to \(lease.limit)"
            )
            return lease
        case .refused(let why): throw StoreError(code: .unavailable, message: "no worker is leased: \(why)")
        }
    }

    func extend(
        _ lease: WorkerLease,
        unanswered: [UInt64],
        token: UInt64,
        toLimit limit: UInt64
    ) throws(StoreError) -> LeaseHoldOutcome {
        // The desk refuses a token that the lease had before; a client would not repeat that call.
        try call { daemon, leases throws(StoreError) in
            try leases.extend(
                lease,
                orAt: unanswered,
                token: token,
                toLimit: limit,
                at: daemon.clock.now().storeInstant
            )
        }
    }

    func release(
        _ lease: WorkerLease,
        unanswered: [UInt64],
        firstUnusedTick: UInt64
    ) throws(StoreError) -> LeaseHoldOutcome {
        try call { daemon, leases throws(StoreError) in
            try leases.release(
                lease,
                orAt: unanswered,
                firstUnusedTick: firstUnusedTick,
                at: daemon.clock.now().storeInstant
            )
        }
    }

    // MARK: - The network

    private final class Exchange<Value> {
        var result: Result<Value, StoreError>?
    }

    private func call<Value>(
        _ body: @escaping (Daemon, WorkerLeases) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let exchange = Exchange<Value>()
        // A client repeats a call at another daemon when the first does not answer; both may be made.
        let attempts = world.counts.isFaulty && process.random.oneIn(12) ? 2 : 1
        for _ in 0..<attempts { send(body, exchange) }
        let deadline = world.now + Self.timeout
        while process.isAlive, exchange.result == nil, world.now < deadline {
            process.currentFiber?.waitForBell(nanoseconds: deadline - world.now)
        }
        guard process.isAlive, let result = exchange.result else {
            throw StoreError(code: .unavailable, message: "no daemon answered (injected fault)")
        }
        return try result.get()
    }

    private func send<Value>(
        _ body: @escaping (Daemon, WorkerLeases) throws(StoreError) -> Value,
        _ exchange: Exchange<Value>
    ) {
        let daemons = process.cluster.fleet.all.filter { $0.isAlive && $0.leases != nil }
        guard !daemons.isEmpty else { return }
        let daemon = daemons[Int(process.random.next() % UInt64(daemons.count))]
        let there = Int64.random(in: 0...(20 * milliseconds), using: &process.random)
        let back = Int64.random(in: 0...(20 * milliseconds), using: &process.random)
        let isFaulty = world.counts.isFaulty
        let loses = isFaulty ? Int(process.random.next() % 24) : 2
        guard loses != 0 else { return }
        let fiber = process.currentFiber
        world.after(there) { [world] in
            daemon.whenRunning {
                guard daemon.isAlive, let leases = daemon.leases else { return }
                daemon.spawn { _ in
                    let result: Result<Value, StoreError>
                    do throws(StoreError) {
                        result = .success(try body(daemon, leases))
                    } catch {
                        result = .failure(error)
                    }
                    guard daemon.isAlive, loses != 1 else { return }
                    world.after(back) {
                        if exchange.result == nil { exchange.result = result }
                        fiber?.ring()
                    }
                }
            }
        }
    }
}
