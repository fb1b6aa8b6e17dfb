/// The store's record with a few hosts' word on what time it is, so that a daemon that starts need not read every
/// worker. Its key is `clock`.
///
/// It is evidence and nothing else: no window depends on it. A daemon that starts reads the workers' own records where
/// this one names them, and does without it where it is missing, because earlier versions of Firn neither read nor write it.
struct ClockRecord: Hashable, Sendable {
    static let key = "clock"

    /// A host's word: one of its workers, with the limit that was granted.
    struct Witness: Hashable, Sendable {
        var host: String
        /// Identifies the host's clock, which its containers share.
        var clockID: UInt64?
        var worker: UInt32
        var limit: UInt64
        /// The version of the worker's record with this limit.
        var version: UInt64
    }

    /// The last one was written last. No two are of the same host name.
    private(set) var witnesses: [Witness] = []
    /// Workers that were found to be far ahead. Their records say until when.
    private(set) var aheadWorkers: [UInt32] = []

    /// More than half of these must be wrong at once to mislead a daemon.
    static let maximumWitnesses = 8
    static let maximumAheadWorkers = 4

    init() {}

    /// Whether `witness` adds something: its host has no entry or one of another time, and fewer than the maximum are
    /// of about the same time as it.
    func needs(_ witness: Witness, withinTicks ticks: UInt64) -> Bool {
        let near = witnesses.filter { max($0.limit, witness.limit) - min($0.limit, witness.limit) <= ticks }
        return near.count < Self.maximumWitnesses && !near.contains { $0.host == witness.host }
    }

    /// Replaces the host's earlier word, or, when there is no room, the oldest of those with the clock that has the most:
    /// a machine with many containers does not displace all others. Workers of entries that are ahead by more than
    /// `outlierTicks` are kept in ``aheadWorkers``.
    mutating func add(_ witness: Witness, outlierTicks: UInt64) {
        for other in witnesses where other.limit > witness.limit && other.limit - witness.limit > outlierTicks {
            addAhead(other.worker)
        }
        witnesses.removeAll { $0.host == witness.host }
        witnesses.append(witness)
        guard witnesses.count > Self.maximumWitnesses else { return }
        let counts = Dictionary(grouping: witnesses.compactMap(\.clockID), by: { $0 }).mapValues(\.count)
        let weights = witnesses.map { $0.clockID.flatMap { counts[$0] } ?? 1 }
        let heaviest = weights.max()!
        witnesses.remove(at: weights.firstIndex(of: heaviest)!)
    }

    mutating func addAhead(_ worker: UInt32) {
        guard !aheadWorkers.contains(worker) else { return }
        if aheadWorkers.count >= Self.maximumAheadWorkers { aheadWorkers.removeFirst() }
        aheadWorkers.append(worker)
    }

    mutating func removeAhead(_ worker: UInt32) {
        aheadWorkers.removeAll { $0 == worker }
    }
}

extension ClockRecord {
    var text: String {
        var record = RecordText(kind: "clock", version: 1)
        for witness in witnesses {
            record.append("host", witness.host)
            if let clockID = witness.clockID { record.append("clock", token: clockID) }
            record.append("worker", UInt64(witness.worker))
            record.append("limit", witness.limit)
            record.append("version", witness.version)
        }
        for worker in aheadWorkers { record.append("ahead", UInt64(worker)) }
        return record.text
    }

    /// Throws `.corrupt` or `.newerFormat` for any text that it would not have written itself.
    init(text: String) throws(StoreError) {
        var reader = try RecordReader(key: Self.key, text: text, kind: "clock", version: 1)
        func worker(_ number: UInt64) throws(StoreError) -> UInt32 {
            guard let worker = UInt32(exactly: number) else { throw reader.broken("\(number) is no worker") }
            return worker
        }
        while let host = try reader.optionalString("host") {
            let clockID = try reader.optionalToken("clock")
            let number = try reader.number("worker")
            let limit = try reader.number("limit")
            witnesses.append(
                Witness(
                    host: host,
                    clockID: clockID,
                    worker: try worker(number),
                    limit: limit,
                    version: try reader.number("version")
                )
            )
        }
        while let number = try reader.optionalNumber("ahead") { aheadWorkers.append(try worker(number)) }
        guard witnesses.count <= Self.maximumWitnesses, aheadWorkers.count <= Self.maximumAheadWorkers else {
            throw reader.broken("it has more entries than \(Self.maximumWitnesses) and \(Self.maximumAheadWorkers)")
        }
        try reader.end()
    }
}
