/// Says which lines of a log are written, where the same message comes again and again: the first few, then one a minute,
/// each with the count of those that were left out before it.
///
/// Pure: time is passed in. Lines are of one kind when they have the same message, whatever their values: a store that
/// names another worker at each try says the same thing each time.
package struct LogThrottle {
    package enum Verdict: Equatable, Sendable {
        /// Write it, and say that so many of its kind were left out before.
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

    /// Lines of one kind that are written as they come.
    static let burst = 5
    /// After which one more is written.
    static let interval: Int64 = 60_000_000_000
    /// Messages are constants, of which the daemon has less. A library may put values into its own.
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
        // The interval runs from the first line that used up a part of a full allowance.
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

    /// The messages of which lines were left out since the last one that was written, with their counts.
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
