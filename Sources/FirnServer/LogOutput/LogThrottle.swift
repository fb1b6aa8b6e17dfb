/// Decides which lines of a log are written when the same message is repeated: the first few, then one per minute, each
/// with the count of the lines that were left out before it.
///
/// Pure: time is passed in. Lines are of one kind when they have the same message, whatever their values: a store error
/// that names another worker at each attempt is one message.
package struct LogThrottle {
    package enum Verdict: Equatable, Sendable {
        /// Write it, and report that this number of lines of its kind were left out before.
        case written(leftOut: UInt64)
        case leftOut
    }

    private struct Kind {
        /// Lines that may be written now.
        var allowance: Int
        /// When the allowance last grew; boot nanoseconds.
        var grewAt: Int64
        var leftOut: UInt64 = 0
    }

    /// Lines of one kind that are written before lines are left out.
    static let burst = 5
    /// The interval after which one more is written.
    static let interval: Int64 = 60_000_000_000
    /// Messages are constants, and the daemon has fewer of them. A library may put values into its messages.
    static let maximumKinds = 256

    private var kinds: [String: Kind] = [:]

    package init() {}

    /// - Parameter now: boot nanoseconds.
    package mutating func judge(_ message: String, now: Int64) -> Verdict {
        if kinds[message] == nil, kinds.count >= Self.maximumKinds { forgetOldest() }
        var kind = kinds[message] ?? Kind(allowance: Self.burst, grewAt: now)
        let grown = max(0, now - kind.grewAt) / Self.interval
        if grown > 0 {
            kind.allowance = Int(min(Int64(Self.burst), Int64(kind.allowance) + grown))
            kind.grewAt += grown * Self.interval
        }
        // The interval starts with the line that first uses a part of a full allowance.
        if kind.allowance == Self.burst { kind.grewAt = now }
        defer { kinds[message] = kind }
        guard kind.allowance > 0 else {
            kind.leftOut += 1
            return .leftOut
        }
        kind.allowance -= 1
        defer { kind.leftOut = 0 }
        return .written(leftOut: kind.leftOut)
    }

    /// The messages with lines that were left out since the last written one, with their counts.
    package mutating func takeLeftOut() -> [(message: String, count: UInt64)] {
        let rest = kinds.filter { $0.value.leftOut > 0 }.map { (message: $0.key, count: $0.value.leftOut) }
        for (message, _) in rest { kinds[message]?.leftOut = 0 }
        return rest.sorted { $0.message < $1.message }
    }

    private mutating func forgetOldest() {
        guard let oldest = kinds.min(by: { $0.value.grewAt < $1.value.grewAt }) else { return }
        kinds[oldest.key] = nil
    }
}
