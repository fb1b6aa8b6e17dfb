/// Why workers cannot be claimed: how many are held, reserved, or unused for another reason. For messages to people.
package struct TakenWorkers: Hashable, Sendable {
    package private(set) var held: UInt64
    package private(set) var reserved: UInt64 = 0
    /// Those that were used up to a time in the future, by a holder whose clock was ahead.
    package private(set) var usedAhead: UInt64 = 0
    /// What workers are reserved for: the first few that were found.
    private var purposes: Set<String> = []

    private static let maximumPurposes = 3

    package init(held: UInt64 = 0, reserved: UInt64 = 0, for purposes: Set<String> = [], usedAhead: UInt64 = 0) {
        (self.held, self.reserved, self.purposes, self.usedAhead) = (held, reserved, purposes, usedAhead)
    }

    package var count: UInt64 { held + reserved + usedAhead }

    /// - Parameter isUsedAhead: whether the record has a time in the future that is no holder's window.
    mutating func add(_ record: WorkerRecord, isUsedAhead: Bool) {
        if let purpose = record.reservedFor {
            reserved += 1
            // One more than are named, to know that there are more.
            if purposes.count <= Self.maximumPurposes { purposes.insert(purpose) }
        } else if isUsedAhead {
            usedAhead += 1
        } else {
            held += 1
        }
    }

    /// Another daemon claimed it during the attempt.
    mutating func addHeld() { held += 1 }

    /// `32 are reserved for legacy, 4 are held`; empty if there are none.
    package var text: String {
        var parts: [String] = []
        if reserved > 0 {
            let named = purposes.sorted().prefix(Self.maximumPurposes).joined(separator: ", ")
            let more = purposes.count > Self.maximumPurposes ? " and others" : ""
            parts.append("\(reserved) \(Self.verb(reserved)) reserved for \(named)\(more)")
        }
        if held > 0 { parts.append("\(held) \(Self.verb(held)) held") }
        if usedAhead > 0 {
            parts.append("\(usedAhead) \(Self.verb(usedAhead)) unused since a daemon's clock was ahead")
        }
        return parts.joined(separator: ", ")
    }

    /// How a worker becomes free, each way followed by a comma and a blank; empty if nothing was counted.
    ///
    /// - Parameter stop: how one that is held becomes free.
    package func advice(stop: String) -> String {
        var ways: [String] = []
        if held > 0 || reserved == 0 { ways.append("\(stop), ") }
        if reserved > 0 {
            ways.append("run 'firn workers unreserve' for workers whose other system makes no more IDs, ")
        }
        return ways.joined()
    }

    private static func verb(_ count: UInt64) -> String { count == 1 ? "is" : "are" }
}
