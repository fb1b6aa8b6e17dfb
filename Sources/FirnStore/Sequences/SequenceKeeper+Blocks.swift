extension SequenceKeeper {
    /// Handles the result of `takeBlock`. After it, each waiting call tries again, in the order in which they came.
    package mutating func blockAnswered(_ outcome: SequenceBlockOutcome, now: Int64) -> SequenceAction {
        precondition(isTaking, "the keeper was told of a block that it did not ask for")
        answeredRound = askedRound
        isNewestCurrent = false
        roundTripNanoseconds = max(0, now - (askedAt ?? now))
        defer { coveredDemand = 0 }
        switch outcome {
        case .taken where answeredRound == droppedRound:
            doubt = nil
            failed(Self.dropped, now: now)
        case .taken(let block):
            doubt = nil
            return arrived(block, now: now)
        case .exhausted:
            doubt = nil
            block(by: .exhausted, until: later(now, configuration.exhaustedNanoseconds))
        case .unknown:
            doubt = nil
            block(by: .refused(.unknown), until: now)
        case .otherUse(let kind):
            doubt = nil
            block(by: .refused(.otherUse(kind)), until: now)
        case .failed(let error, let doubt):
            self.doubt = doubt
            failed(error, now: now)
        }
        return .none
    }

    private mutating func arrived(_ block: SequenceBlock, now: Int64) -> SequenceAction {
        guard block.values.first > highest else {
            failed(Self.setBack(block, highest), now: now)
            return .none
        }
        obstacle = nil
        retryDelay.succeeded()
        // The start was raised. What is still held is below it, and no call may get values from both.
        startRaised(to: block.record.start)
        hold(block)
        if block.isLast {
            self.block(by: .exhausted, until: later(now, configuration.exhaustedNanoseconds))
            return .none
        }
        let enough = isStrict ? 0 : heldCount
        let wanted = isStrict ? demand : saturatingSum(coveredDemand, demand)
        guard demand > 0, wanted > enough, enough < largestBlock else {
            forgetDemand()
            return .none
        }
        demand = wanted
        return ask(now: now)
    }

    /// No value below `start` is given out any more.
    package mutating func startRaised(to start: UInt64) {
        let runs = [present, next].compactMap { $0?.from(start) }
        present = runs.first
        next = runs.dropFirst().first
    }

    /// The most that one block holds for the calls that wait.
    private var largestBlock: UInt64 { max(configuration.maximumBlock, configuration.fixedBlock ?? 1, largestDemand) }

    /// When there is a next block, or the sequence is strict, the present block is dropped: its calls were served, or
    /// two blocks were too few for the call that led to this one.
    private mutating func hold(_ block: SequenceBlock) {
        newest = block
        isNewestCurrent = true
        highest = block.values.last
        arrivedRound = answeredRound
        guard !isStrict, let last = next ?? present else {
            present = block.values
            return
        }
        if last.isFollowed(by: block.values) {
            if next == nil { present = last.joined(with: block.values) } else { next = last.joined(with: block.values) }
        } else {
            present = last
            next = block.values
        }
    }

    private mutating func failed(_ error: StoreError, now: Int64) {
        let delay = Int64(clamping: retryDelay.nextTicks())
        block(by: .failed(error), until: later(now, delay))
    }

    private mutating func block(by obstacle: Obstacle, until: Int64) {
        self.obstacle = obstacle
        obstacleUntil = until
        forgetDemand()
    }

    private mutating func forgetDemand() {
        demand = 0
        largestDemand = 0
    }

    /// Requests the block that the rate and the waiting calls need.
    mutating func ask(now: Int64) -> SequenceAction {
        // Calls that were refused while the store was unavailable do not show the rate.
        if case .failed = obstacle {} else { resize(now: now) }
        // The last held run counts towards the waiting calls; the one before it may have to be dropped.
        let counted = isStrict ? 0 : (next ?? present)?.count ?? 0
        let missing = demand > counted ? demand - counted : 0
        let count = max(blockSize, min(missing, largestBlock))
        askedRound += 1
        coveredDemand = demand
        forgetDemand()
        askedAt = now
        wantedSinceAsked = 0
        return .takeBlock(count: count, after: doubt)
    }

    /// Sets the block's size by the demand since the last one was requested.
    private mutating func resize(now: Int64) {
        guard let askedAt else { return }
        let nanoseconds = Double(max(1, now > askedAt ? now - askedAt : 1))
        let perNanosecond = Double(wantedSinceAsked) / nanoseconds
        if configuration.fixedBlock == nil {
            let target = Double(configuration.blockNanoseconds)
            let ceiling = min(configuration.maximumBlock, saturatingSum(blockSize, blockSize))
            // A small demand in a short time does not mean a slow sequence: a call took what was left, and its block
            // came after it.
            let floor = nanoseconds < target / 2 ? blockSize : 1
            // A number with more than 64 bits is above any ceiling.
            let observed = UInt64(exactly: (perNanosecond * target).rounded()) ?? UInt64.max
            blockSize = max(floor, min(observed, ceiling))
        }
        guard blockSize > 1 else { return aheadBelow = 0 }
        let roundTrips = min(Double(blockSize), 2 * perNanosecond * Double(roundTripNanoseconds))
        aheadBelow = max(blockSize / 2, UInt64(exactly: roundTrips.rounded()) ?? blockSize)
    }

    private func later(_ now: Int64, _ nanoseconds: Int64) -> Int64 {
        now > Int64.max - nanoseconds ? Int64.max : now + nanoseconds
    }

    func saturatingSum(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let (sum, overflows) = one.addingReportingOverflow(other)
        return overflows ? UInt64.max : sum
    }

    private static let dropped = StoreError(
        code: .setBack,
        message: "the store was set back while values of this sequence were reserved in it; they are not given out"
    )

    private static func setBack(_ block: SequenceBlock, _ highest: UInt64) -> StoreError {
        StoreError(
            code: .corrupt,
            message: "the store gave \(block.values.first) as the next value of the sequence \(block.name), and this "
                + "daemon already had \(highest): the store was set back. Stop all daemons and move the sequence past "
                + "what was given (firn sequence create \(block.name) --start)"
        )
    }
}
