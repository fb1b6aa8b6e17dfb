internal import DequeModule
internal import FirnEngine
internal import FirnWire

/// Time runs out: for requests, and for the daemon.
extension RequestScheduler {
    /// When the thread is to wake up at the latest, in boot nanoseconds; `.max`: when something happens.
    ///
    /// By the service's present moment: after a wake-up that served much, read the clock first.
    var nextWakeUp: Int64 {
        var wake = deadlines.earliest
        let now = service.moment.bootNanoseconds
        for line in lines where !line.waiting.isEmpty {
            wake = min(wake, now.addingReportingOverflow(service.nanoseconds(untilTick: line.wakeTick)).partialValue)
        }
        return wake
    }

    /// Whether ``nextWakeUp`` depends on the present moment, or ever comes.
    var waitsForTime: Bool { deadlines.earliest != .max || lines.contains { !$0.waiting.isEmpty } }

    /// Gives up the requests whose deadline has passed. Their IDs, if they had some, become gaps; what is reserved for
    /// them at the store serves others.
    ///
    /// - Parameter deliveries: gets the answers, each peer's together.
    func expire(_ deliveries: inout [Delivery]) {
        let now = service.moment.bootNanoseconds
        while let slot = deadlines.popDue(now: now) {
            giveUp(PeerID(slot: slot), at: now, &deliveries)
            settle(slot)
        }
    }

    /// Refuses all that a peer waits for, as when the daemon stops and cannot serve it any more.
    func refuse(_ peer: PeerID, _ status: Status, _ deliveries: inout [Delivery]) {
        while let request = peers[peer.slot].forStore.first {
            deliveries.append(finish(request, .error(status)))
        }
        for request in peers[peer.slot].forIDs {
            deliveries.append(delivery(to: peer, request.callID, request.method, .error(status), began: request.began))
        }
        drop(peer)
    }

    /// Refuses all that anybody waits for.
    func refuseAll(_ status: Status, _ deliveries: inout [Delivery]) {
        for slot in peers.taken { refuse(PeerID(slot: slot), status, &deliveries) }
    }

    private func giveUp(_ peer: PeerID, at now: Int64, _ deliveries: inout [Delivery]) {
        var next = peers[peer.slot].forStore.first
        while let request = next {
            next = ownLinks.next(after: request)
            guard storeRequests[request].deadline <= now else { continue }
            deliveries.append(finish(request, .error(deadlineExceeded(nil))))
        }
        guard peers[peer.slot].place == .line else { return }
        if let first = peers[peer.slot].forIDs.first, first.deadline <= now { peers[peer.slot].gathered.removeAll() }
        for request in peers[peer.slot].forIDs where request.deadline <= now {
            let outcome = Response.Outcome.error(deadlineExceeded(request.remaining))
            deliveries.append(delivery(to: peer, request.callID, request.method, outcome, began: request.began))
        }
        peers[peer.slot].forIDs.removeAll { $0.deadline <= now }
        if peers[peer.slot].forIDs.isEmpty { leaveLine(peer.slot) }
    }

    // MARK: - A peer's deadline

    /// A peer has a request more, with this deadline.
    func keep(_ deadline: Int64, of slot: Int) {
        if deadline < deadlines.deadline(of: slot) { deadlines.set(slot, to: deadline) }
    }

    /// A peer has fewer requests. A deadline that is earlier than those that are left finds nothing to do when it
    /// comes, and costs less than looking through them now; but without requests it would wake the thread for nothing.
    func settle(_ slot: Int) {
        if peers[slot].isEmpty {
            deadlines.set(slot, to: .max)
        } else if deadlines.deadline(of: slot) == .max {
            deadlines.set(slot, to: earliestDeadline(of: slot))
        }
    }

    /// The earliest deadline of a peer's requests; `.max` when there is none.
    func earliestDeadline(of slot: Int) -> Int64 {
        var earliest = Int64.max
        var next = peers[slot].forStore.first
        while let request = next {
            earliest = min(earliest, storeRequests[request].deadline)
            next = ownLinks.next(after: request)
        }
        guard peers[slot].place == .line else { return earliest }
        return peers[slot].forIDs.reduce(earliest) { min($0, $1.deadline) }
    }
}
