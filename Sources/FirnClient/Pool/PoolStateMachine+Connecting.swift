/// Which connections are made, to which addresses, and when.
extension PoolStateMachine {
    // MARK: - The connections' events

    mutating func runBegan(at now: ContinuousClock.Instant) -> [PoolAction] {
        precondition(phase == .initialized, "a client's run() is called once: make another client")
        phase = .running
        return makeConnections(at: now)
    }

    mutating func connected(_ connection: PooledConnection.ID, at now: ContinuousClock.Instant) -> [PoolAction] {
        guard phase == .running, let index = index(of: connection), connections[index].state == .connecting else {
            return []
        }
        connections[index].state = .open
        connections[index].idleSince = now
        expect(now + configuration.idleTimeout)
        let preference = connections[index].addressIndex
        addresses[preference].refusal = nil
        (outageBegan, isTripped) = (nil, false)
        if preference > 0, nextFailback == nil {
            nextFailback = now + configuration.failbackInterval
            expect(now + configuration.failbackInterval)
        }
        let retirements =
            addresses[preference].isCoolingOff(at: now) ? [] : retireConnections(lessPreferredThan: preference)
        return retirements + goOn(at: now)
    }

    mutating func connectingFailed(
        _ connection: PooledConnection.ID,
        _ error: FirnClientError,
        at now: ContinuousClock.Instant
    ) -> [PoolAction] {
        guard let index = index(of: connection) else { return [] }
        let failed = connections.remove(at: index)
        guard phase == .running else { return [] }
        addresses[failed.addressIndex].refusal = error
        addresses[failed.addressIndex].isSuspect = true
        if failed.isFailback {
            return failBack(from: failed.addressIndex + 1, at: now) + goOn(at: now)
        }
        addresses[failed.addressIndex].hasFailedInRound = true
        return (candidate(at: now) == nil ? roundFailed(isOutage: true, at: now) : []) + goOn(at: now)
    }

    /// A connection takes no new calls, and may be closed already.
    mutating func retired(_ connection: PooledConnection.ID, at now: ContinuousClock.Instant) -> [PoolAction] {
        guard let index = index(of: connection), connections[index].state != .draining else { return [] }
        connections[index].state = .draining
        let retired = connections[index]
        guard phase == .running else { return [] }
        var actions: [PoolAction] = []
        if !retired.hasAnswered {
            // Counts as a failed attempt; otherwise a server that closes each connection at once would get thousands.
            addresses[retired.addressIndex].isSuspect = true
            addresses[retired.addressIndex].hasFailedInRound = true
            if candidate(at: now) == nil { actions += roundFailed(isOutage: false, at: now) }
        } else if activeCount == 0 {
            beginRound()
        }
        return actions + goOn(at: now)
    }

    /// A connection is closed, and has handed back its calls.
    mutating func ended(_ connection: PooledConnection.ID, at now: ContinuousClock.Instant) -> [PoolAction] {
        let actions = retired(connection, at: now)
        connections.removeAll { $0.id == connection }
        return actions + (phase == .running ? goOn(at: now) : [])
    }

    /// Ends every call and closes every connection.
    mutating func shutDown() -> [PoolAction] {
        guard phase != .shutDown else { return [] }
        phase = .shutDown
        nextExpiry = nil
        return failWaiting(with: .shutDown) + connections.map { .shutDown($0.id) }
    }

    /// A connection's peer has answered for the first time.
    mutating func answered(_ index: Int) {
        connections[index].hasAnswered = true
        let preference = connections[index].addressIndex
        addresses[preference].isSuspect = false
        addresses[preference].hasFailedInRound = false
        failedRounds = 0
        nextAttempt = nil
    }

    // MARK: - Making connections

    /// Makes the next connection, if one is needed and no pause has to pass first.
    mutating func makeConnections(at now: ContinuousClock.Instant) -> [PoolAction] {
        guard phase == .running, needsConnection(at: now) else { return [] }
        guard !connections.contains(where: { $0.state == .connecting && !$0.isFailback }) else { return [] }
        if let nextAttempt {
            guard nextAttempt <= now else {
                expect(nextAttempt)
                return []
            }
            beginRound()
        }
        guard let candidate = candidate(at: now) else { return roundFailed(isOutage: false, at: now) }
        return [connect(candidate, isFailback: false, at: now)]
    }

    private func needsConnection(at now: ContinuousClock.Instant) -> Bool {
        guard connections.count < configuration.maximumConnectionHardLimit else { return false }
        let active = activeCount
        if active < configuration.minimumConnectionCount { return true }
        var leastLoad: Int?
        for connection in connections where connection.state == .open {
            guard !addresses[connection.addressIndex].isCoolingOff(at: now) else { continue }
            leastLoad = min(leastLoad ?? .max, connection.load)
        }
        guard let leastLoad else { return !waiting.isEmpty || isInDemand(at: now) }
        if leastLoad > Self.growthThreshold, active < configuration.maximumConnectionSoftLimit { return true }
        return !waiting.isEmpty && leastLoad >= configuration.maximumCallsInFlight
    }

    private func isInDemand(at now: ContinuousClock.Instant) -> Bool {
        lastDemand.map { $0 + Self.demandPatience > now } ?? false
    }

    /// The first address that does not cool off and has not failed in this round; otherwise the first that cools off and has
    /// no connection.
    private func candidate(at now: ContinuousClock.Instant) -> Int? {
        let untried = addresses.indices.filter { !addresses[$0].hasFailedInRound }
        if let first = untried.first(where: { !addresses[$0].isCoolingOff(at: now) }) { return first }
        return untried.first { index in !connections.contains { $0.addressIndex == index && $0.state == .open } }
    }

    private mutating func connect(
        _ addressIndex: Int,
        isFailback: Bool,
        at now: ContinuousClock.Instant
    ) -> PoolAction {
        lastConnectionID += 1
        connections.append(
            PooledConnection(
                id: lastConnectionID,
                addressIndex: addressIndex,
                isFailback: isFailback,
                idleSince: now
            )
        )
        // So that a call's timeout is long enough to reach the last address when no packet to the others is answered.
        let timeout = configuration.timeout / (addresses.count == 1 ? 1 : addresses.count + 1)
        return .connect(lastConnectionID, addresses[addressIndex].address, within: timeout)
    }

    /// Connecting to every address may be attempted again.
    mutating func beginRound() {
        nextAttempt = nil
        for index in addresses.indices { addresses[index].hasFailedInRound = false }
    }

    /// Connecting to every address was attempted. The next round begins after a pause, which doubles each time up to a
    /// maximum and is shortened by up to a half at random, so that clients that lost the same daemon do not connect to it
    /// at the same time.
    ///
    /// - Parameter isOutage: Whether the last attempt failed; false when it succeeded and the connection broke.
    private mutating func roundFailed(isOutage: Bool, at now: ContinuousClock.Instant) -> [PoolAction] {
        if nextAttempt == nil {
            var pause = configuration.initialBackoff
            for _ in 0..<failedRounds where pause < configuration.maximumBackoff { pause *= 2 }
            pause = min(pause, configuration.maximumBackoff)
            failedRounds = min(failedRounds + 1, 64)
            let next = now + pause * Double.random(in: 0.5...1, using: &generator)
            nextAttempt = next
            expect(next)
        }
        guard isOutage, !connections.contains(where: { $0.state == .open }) else { return [] }
        if outageBegan == nil { outageBegan = now }
        return tripIfDue(at: now)
    }

    /// Fails the calls that wait, once no daemon could be connected for long enough.
    mutating func tripIfDue(at now: ContinuousClock.Instant) -> [PoolAction] {
        guard let outageBegan, !isTripped else { return [] }
        guard outageBegan + configuration.circuitBreakerTripAfter <= now else {
            expect(outageBegan + configuration.circuitBreakerTripAfter)
            return []
        }
        isTripped = true
        if !waiting.isEmpty { lastDemand = now }
        return failWaiting(with: outage)
    }

    // MARK: - Failback

    /// Drains the connections to less preferred addresses, now that there is one to a more preferred address.
    private mutating func retireConnections(lessPreferredThan preference: Int) -> [PoolAction] {
        var actions: [PoolAction] = []
        for index in connections.indices
        where connections[index].addressIndex > preference && connections[index].state == .open {
            connections[index].state = .draining
            actions.append(.drain(connections[index].id))
        }
        return actions
    }

    /// While calls go to a less preferred address, connecting to the more preferred ones is attempted at intervals.
    mutating func failBackIfDue(at now: ContinuousClock.Instant) -> [PoolAction] {
        guard let nextFailback else { return [] }
        guard nextFailback <= now else {
            expect(nextFailback)
            return []
        }
        self.nextFailback = nil
        let actions = bestPreference(at: now).map { retireConnections(lessPreferredThan: $0) } ?? []
        guard connections.contains(where: { $0.addressIndex > 0 && $0.state == .open }) else { return actions }
        self.nextFailback = now + configuration.failbackInterval
        expect(now + configuration.failbackInterval)
        guard !connections.contains(where: { $0.isFailback && $0.state == .connecting }) else { return actions }
        return actions + failBack(from: 0, at: now)
    }

    /// Connects to the first address from this one on that is more preferred than the present one.
    private mutating func failBack(from first: Int, at now: ContinuousClock.Instant) -> [PoolAction] {
        guard connections.count < configuration.maximumConnectionHardLimit else { return [] }
        guard let preference = bestPreference(at: now), first < preference else { return [] }
        let better = (first..<preference).first { !addresses[$0].isCoolingOff(at: now) }
        return better.map { [connect($0, isFailback: true, at: now)] } ?? []
    }

    /// The most preferred address that has a connection and does not cool off.
    private func bestPreference(at now: ContinuousClock.Instant) -> Int? {
        connections.filter { $0.state == .open && !addresses[$0.addressIndex].isCoolingOff(at: now) }
            .map(\.addressIndex).min()
    }
}
