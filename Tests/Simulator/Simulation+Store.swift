import FirnLayout

/// What is done to the store.
extension Simulation {
    func injectAtStore(_ fault: Fault) {
        let server = cluster.server
        switch fault.kind {
        case .outage:
            server.setUp(false)
            world.after(fault.amount) { server.setUp(true) }
        case .copy: if !server.isSetBack { server.takeCopy() }
        case .restore: restore(age: Int(fault.amount))
        case .exchange: exchange(for: fault.amount)
        case .repair: repair()
        case .repairAgain: repairAgain(by: fault.amount)
        case .restoreInCall, .exchangeInCall, .repairInCall:
            let moment = CallMoment(fault.amount)
            server.atNext(moment) { [self] in injectInCall(fault.kind, moment.amount) }
        case .slowCalls: world.counts.set(.slowCalls, count: Int(fault.amount), delay: 2 * plan.window)
        case .delayWrites: world.counts.set(.delayWrites, count: Int(fault.amount), delay: 2 * plan.window)
        default: world.counts.set(fault.kind, count: Int(fault.amount))
        }
    }

    private func injectInCall(_ kind: FaultKind, _ amount: Int64) {
        world.counts.note(kind)
        switch kind {
        case .restoreInCall: restore(age: Int(amount))
        case .exchangeInCall: exchange(for: amount)
        default: if cluster.server.isSetBack { repair() } else { repairAgain(by: amount) }
        }
    }

    private func restore(age: Int) {
        let server = cluster.server
        guard server.restore(age: age) else { return }
        let version = server.contents.lastVersion
        world.record(.noted, 0, version, "store: at version \(version) again")
        world.after(Int64.random(in: 0...10, using: &random) * seconds) { [self] in repair() }
    }

    private func exchange(for duration: Int64) {
        cluster.server.exchange(for: plan.layout.name)
        guard cluster.server.isExchanged else { return }
        world.record(.noted, 0, 0, "store: is another one")
        world.after(duration) { [self] in putBack() }
    }

    /// Ends an exchange.
    func putBack() {
        guard cluster.server.isExchanged else { return }
        cluster.server.exchange(for: nil)
        world.record(.noted, 0, 1, "store: is the right one again")
        for case let daemon as Daemon in processes { daemon.witness.wasPutBack() }
    }

    func repair(isAgain: Bool = false) {
        guard cluster.server.isSetBack || isAgain else { return }
        cluster.server.repair(
            now: tick(at: world.now),
            highestLimit: cluster.judge.highestLimit,
            unixMilliseconds: { [plan] in plan.layout.unixMilliseconds(ofTick: $0) }
        )
    }

    private func repairAgain(by nanoseconds: Int64) {
        cluster.server.repairAgain(
            now: tick(at: world.now),
            limit: tick(at: world.now + nanoseconds),
            unixMilliseconds: { [plan] in plan.layout.unixMilliseconds(ofTick: $0) }
        )
    }

    private func tick(at time: Int64) -> UInt64 {
        plan.layout.tick(atUnixNanoseconds: Host.beginUnixNanoseconds + time) ?? 0
    }
}
