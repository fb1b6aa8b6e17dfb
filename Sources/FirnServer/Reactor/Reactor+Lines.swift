internal import DequeModule
internal import FirnEngine

/// Calls wait for a tick, and their connections take turns.
extension Reactor {
    func joinLine(_ connection: Connection) {
        guard !connection.isInLine else { return }
        let lane = connection.lane
        connection.isInLine = true
        // The first in an empty line found the tick used up. The wake tick is found when the line is served.
        if lane.line.isEmpty {
            lane.wakeTick = service.moment.tick + 1
            lane.shard.setWaiting(true)
        }
        lane.line.append(connection)
    }

    /// The store has answered something: whose calls it was for is found by asking them all.
    func serveStoreWaiters() {
        for connection in Array(storeWaiters.values) {
            connection.session.storeAnswered(service: service, output: output)
            if !connection.session.hasStoreCalls { storeWaiters[ObjectIdentifier(connection)] = nil }
            answered(connection)
        }
    }

    func leaveLine(_ connection: Connection) {
        guard connection.isInLine else { return }
        connection.isInLine = false
        connection.lane.line.removeAll { $0 === connection }
        connection.lane.shard.setWaiting(!connection.lane.line.isEmpty)
    }

    func serveLines() {
        for lane in lanes {
            lane.shard.refresh()
            guard !lane.line.isEmpty else { continue }
            serveLine(lane)
            lane.shard.setWaiting(!lane.line.isEmpty)
        }
    }

    func serveLine(_ lane: Lane) {
        while let connection = lane.line.first {
            connection.session.expireCalls(service: service, output: output)
            let turn = connection.session.takeTurn(
                share: lane.share,
                service: service,
                shard: lane.shard,
                output: output,
                outputLimit: outputLimit(of: connection)
            )
            if case .waits(let tick) = turn {
                // It keeps its place: it found the tick used up, so the next one begins with it.
                lane.wakeTick = tick
                answered(connection)
                return expireLine(lane)
            }
            lane.line.removeFirst()
            if turn == .shareUsed {
                lane.line.append(connection)
            } else {
                // Done, or it has to read its answers first: once it has, it comes back.
                connection.isInLine = false
            }
            answered(connection)
        }
    }

    /// Calls at the end of the line have deadlines too.
    func expireLine(_ lane: Lane) {
        let now = service.moment.bootNanoseconds
        for connection in lane.line where connection.session.earliestDeadline <= now {
            connection.session.expireCalls(service: service, output: output)
            answered(connection)
        }
    }

    /// Serves again a connection that was paused, once it may be.
    func resumeInput(_ connection: Connection) {
        guard connection.isPaused, connection.session.wantsInput else { return }
        connection.isPaused = false
        connection.hasLeftover = true
        leftovers.append(connection)
    }
}
