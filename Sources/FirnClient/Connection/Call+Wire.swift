internal import FirnLayout
internal import FirnWire

extension Call {
    /// The call as a request, with what is left of its timeout, at least 1 ms.
    func request(at now: ContinuousClock.Instant) -> Request {
        let left = (deadline - now).components
        let milliseconds = left.seconds * 1000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Request(callID: id, timeoutMilliseconds: UInt32(clamping: max(1, milliseconds)), method: method)
    }
}

extension Request.Method {
    /// The method's name in the protocol's service.
    var name: StaticString {
        switch self {
        case .nextID: "NextID"
        case .nextBatch: "NextBatch"
        case .nextTickets: "NextTickets"
        case .newPrefix: "NewPrefix"
        case .describe: "Describe"
        case .createSequence: "CreateSequence"
        case .listSequences: "ListSequences"
        case .lease(.begin): "LeaseWorker"
        case .lease(.extend): "ExtendLease"
        case .lease(.release): "ReleaseLease"
        case .store: "Store"
        case .authenticate: "Authenticate"
        case .unknown, .refused: "Unknown"
        }
    }

    /// Whether the call is made again when its connection broke. A call for IDs leaves a gap at most. A write to a store may
    /// have been made, and its caller has to look; and each lease keeps a worker from others.
    var isRepeatable: Bool {
        switch self {
        case .store(.write), .lease(.begin): false
        default: true
        }
    }

    /// What is wrong with an answer to this method other than an error; nil when nothing is.
    func flaw(of outcome: Response.Outcome) -> String? {
        switch (self, outcome) {
        case (.nextID, .nextID), (.describe, .describe):
            nil
        case (.nextBatch(let count), .nextBatch(let runs)), (.nextTickets(_, let count), .nextTickets(let runs)):
            Self.flaw(of: runs, count: count)
        case (.newPrefix(let service), .newPrefix(let prefix)):
            prefix.hasPrefix("\(service)-") && prefix.utf8.count > service.description.utf8.count + 1
                ? nil : "it answered \(service) with the prefix \(prefix.quoted)"
        case (.createSequence(let definition), .createSequence(let sequence)):
            sequence.name == definition.name && sequence.kind == definition.kind
                ? nil : "it made the sequence \(sequence.name) when \(definition.name) was asked for"
        case (.listSequences(let name), .listSequences(let page, let more)):
            Self.flaw(of: page, after: name, more: more)
        case (.lease(.begin(let beginning)), .leased(let grant)):
            grant.lease.firstTick >= beginning.notBeforeTick ? nil : "it leased ticks that were used already"
        case (.lease(.extend(let hold, _, _)), .leaseExtended(let lease, _)):
            lease.worker == hold.lease.worker && lease.generation == hold.lease.generation
                && lease.instance == hold.lease.instance && lease.limitTick >= hold.lease.limitTick
                ? nil : "it extended another lease than was asked for"
        case (.lease(.release), .leaseReleased):
            nil
        case (.store(let call), .store(let answers)):
            Self.flaw(of: answers, to: call)
        default:
            "it answered another call than was made"
        }
    }

    private static func flaw(of answers: StoreAnswers, to call: StoreCall) -> String? {
        switch (call, answers) {
        case (.read(let keys), .records(let records)) where records.count == keys.count: nil
        case (.list(_, _, let limit), .records(let records)) where records.count <= limit: nil
        case (.write(let writes), .results(let results)) where results.count == writes.count: nil
        case (.highestVersion, .highestVersion), (.highestVersion, .records([])): nil
        default: "it answered another request to its store"
        }
    }

    private static func flaw(of runs: [Run], count: UInt32) -> String? {
        let given = runs.reduce(0) { $0 + UInt64($1.count) }
        guard given == count else { return "it answered a batch of \(count) IDs with \(given)" }
        let rises = zip(runs, runs.dropFirst()).allSatisfy { $0.last < $1.first }
        return rises ? nil : "the IDs of its batch do not rise"
    }

    /// Names have to rise from page to page: then following the pages ends, and no page is requested twice.
    private static func flaw(of page: [SequenceDescription], after name: Name?, more: Bool) -> String? {
        guard !(more && page.isEmpty) else {
            return "it answered an empty page of sequences, and said that more follow"
        }
        let names = (name.map { [$0] } ?? []) + page.map(\.name)
        let rises = zip(names, names.dropFirst()).allSatisfy {
            $0.description.utf8.lexicographicallyPrecedes($1.description.utf8)
        }
        return rises ? nil : "the names of its page of sequences do not rise"
    }
}
