/// Decides which lines of a log are written when the same message is repeated: the first few, then one per minute, each
/// with the count of the lines that were left out before it.
///
/// Pure: time is passed in.
package struct LogThrottle {
    package enum Verdict: Equatable, Sendable {
        /// Write it, and report that this number of lines of its kind were left out before.
        case written(leftOut: UInt64)
        case leftOut
    }

    private struct State {
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

    private var kinds: [LogKind: State] = [:]

    package init() {}

    /// - Parameter now: boot nanoseconds.
    package mutating func judge(_ kind: LogKind, now: Int64) -> Verdict {
        if kinds[kind] == nil, kinds.count >= Self.maximumKinds { forgetOldest() }
        var state = kinds[kind] ?? State(allowance: Self.burst, grewAt: now)
        let grown = max(0, now - state.grewAt) / Self.interval
        if grown > 0 {
            state.allowance = Int(min(Int64(Self.burst), Int64(state.allowance) + grown))
            state.grewAt += grown * Self.interval
        }
        // The interval starts with the line that first uses a part of a full allowance.
        if state.allowance == Self.burst { state.grewAt = now }
        defer { kinds[kind] = state }
        guard state.allowance > 0 else {
            state.leftOut += 1
            return .leftOut
        }
        state.allowance -= 1
        defer { state.leftOut = 0 }
        return .written(leftOut: state.leftOut)
    }

    /// The kinds with lines that were left out since the last written one, with their counts.
    package mutating func takeLeftOut() -> [(kind: LogKind, count: UInt64)] {
        let rest = kinds.filter { $0.value.leftOut > 0 }.map { (kind: $0.key, count: $0.value.leftOut) }
        for (kind, _) in rest { kinds[kind]?.leftOut = 0 }
        return rest.sorted { $0.kind.message < $1.kind.message }
    }

    private mutating func forgetOldest() {
        guard let oldest = kinds.min(by: { $0.value.grewAt < $1.value.grewAt }) else { return }
        kinds[oldest.key] = nil
    }
}

/// What lines have in common that count as one line repeated: the message, whatever its values, so that a store error that
/// names another worker at each attempt is one. What happens at one door hides nothing of another.
package struct LogKind: Hashable, Sendable {
    package let message: String
    /// The door, and for what reason a peer was refused there; both have few values.
    package let door: String?
    package let reason: String?

    package init(_ message: String, door: String? = nil, reason: String? = nil) {
        self.message = message
        self.door = door
        self.reason = door == nil ? nil : reason
    }
}
