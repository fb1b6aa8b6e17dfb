internal import FirnConfiguration
internal import FirnLayout
internal import FirnWire

/// What is told of a lease, as variables of a shell or as JSON.
struct LeaseVariables {
    enum Value {
        case number(UInt64)
        /// A number of up to 64 bits, which JSON has as a string.
        case wide(UInt64)
        case text(String)
        case flag(Bool)
    }

    /// The variables, with the names of the JSON members. Nil: no member.
    let all: [(variable: String, member: String?, value: Value)]

    /// Every variable that `firn lease` sets, in its output or for a program.
    static let names: Set = [
        "FIRN_CONSTANT_BITS", "FIRN_EPOCH_UNIX_MS", "FIRN_FIRST_TICK", "FIRN_LAYOUT", "FIRN_LEASE",
        "FIRN_LEASE_FILE", "FIRN_LEASE_ID", "FIRN_LIMIT_TICK",
        "FIRN_LIMIT_UNIX_MS", "FIRN_SEQUENCE_ABOVE_WORKER", "FIRN_SEQUENCE_BITS", "FIRN_SEQUENCE_SHIFT", "FIRN_TICK_NS",
        "FIRN_TIME_BITS", "FIRN_TIME_SHIFT", "FIRN_WORKER", "FIRN_WORKER_BITS", "FIRN_WORKER_SHIFT",
    ]

    /// What does not change while the lease is held.
    init(worker grant: LeaseGrant) {
        let layout = grant.layout
        all = [
            ("FIRN_WORKER", "worker", .number(UInt64(grant.lease.worker))),
            ("FIRN_LAYOUT", "layout", .text(layout.name)),
            ("FIRN_EPOCH_UNIX_MS", "epochUnixMilliseconds", .wide(layout.epochUnixMilliseconds)),
            ("FIRN_TICK_NS", "tickNanoseconds", .wide(layout.tickNanoseconds)),
            ("FIRN_TIME_BITS", "timeBits", .number(UInt64(layout.timeBits))),
            ("FIRN_WORKER_BITS", "workerBits", .number(UInt64(layout.workerBits))),
            ("FIRN_SEQUENCE_BITS", "sequenceBits", .number(UInt64(layout.sequenceBits))),
            ("FIRN_SEQUENCE_ABOVE_WORKER", "sequenceAboveWorker", .flag(layout.isSequenceAboveWorker)),
            // Beside constant fields these are not the sums of widths.
            ("FIRN_TIME_SHIFT", "timeShift", .number(layout.timeShift)),
            ("FIRN_WORKER_SHIFT", "workerShift", .number(layout.workerShift)),
            ("FIRN_SEQUENCE_SHIFT", "sequenceShift", .number(layout.sequenceShift)),
            ("FIRN_CONSTANT_BITS", "constantBits", .wide(layout.constantBits)),
            ("FIRN_FIRST_TICK", "firstTick", .wide(grant.lease.firstTick)),
            ("FIRN_LEASE_ID", "leaseID", .text(LeaseWord(grant.lease).lasting)),
        ]
    }

    /// What changes with each extension.
    init(limitOf lease: Lease, limitUnixMilliseconds: UInt64) {
        all = [
            ("FIRN_LIMIT_TICK", "limitTick", .wide(lease.limitTick)),
            ("FIRN_LIMIT_UNIX_MS", "limitUnixMilliseconds", .wide(limitUnixMilliseconds)),
            ("FIRN_LEASE", "lease", .text(LeaseWord(lease).description)),
        ]
    }

    /// What is told of a lease that was given back.
    init(freeFromTick tick: UInt64) {
        all = [("FIRN_FREE_FROM_TICK", "freeFromTick", .wide(tick))]
    }

    /// For a lease without a file. A shell that reads it may have the file of another lease in its environment, whose limit is
    /// another worker's.
    static let noFile = LeaseVariables([("FIRN_LEASE_FILE", nil, .text(""))])

    private init(_ all: [(String, String?, Value)]) {
        self.all = all
    }

    static func + (first: LeaseVariables, second: LeaseVariables) -> LeaseVariables {
        LeaseVariables(first.all + second.all)
    }

    /// As the environment has them.
    var environment: [(name: String, value: String)] { all.map { ($0.variable, $0.value.text) } }

    func lines(_ format: AnswerFormat) -> [String] {
        switch format {
        case .text: all.map { "\($0.variable)=\(Self.quoted($0.value.text))" }
        case .json: [JSON.object(all.compactMap { one in one.member.map { ($0, one.value.json) } }).text]
        }
    }

    /// As one word of a shell.
    private static func quoted(_ text: String) -> String {
        func isPlain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard text.utf8.isEmpty || !text.utf8.allSatisfy(isPlain) else { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}

extension LeaseVariables.Value {
    fileprivate var text: String {
        switch self {
        case .number(let number), .wide(let number): "\(number)"
        case .text(let text): text
        case .flag(let flag): flag ? "1" : "0"
        }
    }

    fileprivate var json: JSON {
        switch self {
        case .number(let number): .number(number)
        case .wide(let number): .string("\(number)")
        case .text(let text): .string(text)
        case .flag(let flag): .boolean(flag)
        }
    }
}

/// All that a call needs to extend or release a lease, as one word: `worker:generation:instance:token`.
struct LeaseWord: CustomStringConvertible {
    let lease: Lease

    init(_ lease: Lease) {
        self.lease = lease
    }

    /// - Throws: `ConfigurationError` for a text that is no such word.
    init(parsing text: String) throws(ConfigurationError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in part.utf8.first == UInt8(ascii: "+") ? nil : UInt64(part) }
        guard parts.count == 4, numbers.count == 4, let worker = UInt32(exactly: numbers[0]), numbers[3] != 0 else {
            throw ConfigurationError(
                "'\(text.excerpt)' is no lease: give FIRN_LEASE as firn lease printed it, worker:generation:instance:token"
            )
        }
        lease = Lease(
            worker: worker,
            generation: numbers[1],
            instance: numbers[2],
            token: numbers[3],
            firstTick: 0,
            limitTick: 0
        )
    }

    /// What stays the same while the lease is held: without the token of its last extension.
    var lasting: String { "\(lease.worker):\(lease.generation):\(lease.instance)" }

    var description: String { "\(lease.worker):\(lease.generation):\(lease.instance):\(lease.token)" }
}
