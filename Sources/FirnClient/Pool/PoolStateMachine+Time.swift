internal import DequeModule

/// Deadlines, pauses and idle connections.
extension PoolStateMachine {
    mutating func timePassed(at now: ContinuousClock.Instant) -> [PoolAction] {
        guard phase != .shutDown, let nextExpiry, nextExpiry <= now else { return [] }
        self.nextExpiry = nil
        var actions = expireWaiting(at: now)
        actions += tripIfDue(at: now)
        actions += failBackIfDue(at: now)
        actions += drainIdle(at: now)
        actions += goOn(at: now)
        for submission in waiting { expect(submission.call.deadline) }
        if !waiting.isEmpty {
            for address in addresses {
                if let end = address.coolsOffUntil, end > now { expect(end) }
            }
        }
        return actions
    }

    /// Drains connections that were unused for long, down to the minimum; the newest first.
    private mutating func drainIdle(at now: ContinuousClock.Instant) -> [PoolAction] {
        var actions: [PoolAction] = []
        var surplus = activeCount - configuration.minimumConnectionCount
        guard surplus > 0 else { return actions }
        for index in connections.indices.reversed() where surplus > 0 {
            guard connections[index].state == .open, connections[index].load == 0 else { continue }
            let end = connections[index].idleSince + configuration.idleTimeout
            guard end <= now else {
                expect(end)
                continue
            }
            connections[index].state = .draining
            surplus -= 1
            actions.append(.drain(connections[index].id))
        }
        // The next call starts with the most preferred address.
        if activeCount == 0 { beginRound() }
        return actions
    }
}
