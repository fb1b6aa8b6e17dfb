internal import DequeModule
internal import FirnEngine
internal import FirnWire

/// Deadlines of requests, and refusals when the daemon stops.
extension RequestScheduler {
    /// The latest time at which the thread must wake up, in boot nanoseconds; `.max`: when something happens.
    ///
    /// It is computed from the service's current moment. After a long wake-up, read the clock first.
    var nextWakeUp: Int64 {
        var wake = deadlines.earliest
        let now = service.moment.bootNanoseconds
        for line in lines where line.waitsForTick {
            wake = min(wake, now.addingReportingOverflow(service.nanoseconds(untilTick: line.wakeTick)).partialValue)
        }
        return wake
    }

    /// Whether ``nextWakeUp`` depends on the current moment, or is a time at all.
    var waitsForTime: Bool { deadlines.earliest != .max || lines.contains(where: \.waitsForTick) }

    /// Fails the requests whose deadline has passed. The IDs that they have already got become gaps; what is reserved
    /// for them at the store serves others.
    ///
    /// - Parameter deliveries: gets the answers, grouped by peer.
    func expire(_ deliveries: inout [Delivery]) {
        let now = service.moment.bootNanoseconds
        while let slot = deadlines.popDue(now: now) {
            giveUp(PeerID(slot: slot), at: now, &deliveries)
            settle(slot)
        }
    }

    /// Refuses all waiting requests of a peer, for example when the daemon stops and cannot serve it any more.
    func refuse(_ peer: PeerID, _ status: Status, _ deliveries: inout [Delivery]) {
        while let request = peers[peer.slot].forStore.first {
            deliveries.append(finish(request, .error(status)))
        }
        for request in peers[peer.slot].forIDs {
            deliveries.append(delivery(to: peer, request.callID, request.method, .error(status), began: request.began))
        }
        drop(peer)
    }

    /// Refuses all waiting requests.
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

    /// A peer has a new request, with this deadline.
    func keep(_ deadline: Int64, of slot: Int) {
        if deadline < deadlines.deadline(of: slot) { deadlines.set(slot, to: deadline) }
    }

    /// A peer has fewer requests. A deadline that is earlier than those of the remaining requests stays: when it
    /// expires, nothing is done, which costs less than a search of the requests now. Without requests, the deadline
    /// would only wake the thread for nothing.
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
