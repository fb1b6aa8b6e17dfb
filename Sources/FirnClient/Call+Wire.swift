internal import FirnLayout
internal import FirnWire

extension Call {
    /// The call as it is sent, with the time that is left of it, at least 1 ms.
    func request(at now: ContinuousClock.Instant) -> Request {
        let left = (deadline - now).components
        let milliseconds = left.seconds * 1000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Request(callID: id, timeoutMilliseconds: UInt32(clamping: max(1, milliseconds)), method: method)
    }
}

extension Request.Method {
    /// What is wrong with an answer to this method that is no error; nil when nothing is.
    func flaw(of outcome: Response.Outcome) -> String? {
        switch (self, outcome) {
        case (.nextID, .nextID), (.describe, .describe): nil
        case (.nextBatch(let count), .nextBatch(let runs)): Self.flaw(of: runs, count: count)
        default: "it answered another call than was made"
        }
    }

    private static func flaw(of runs: [Run], count: UInt32) -> String? {
        let given = runs.reduce(0) { $0 + UInt64($1.count) }
        guard given == count else { return "it answered a batch of \(count) IDs with \(given)" }
        let rises = zip(runs, runs.dropFirst()).allSatisfy { $0.last < $1.first }
        return rises ? nil : "the IDs of its batch do not rise"
    }
}
