internal import FirnEngine

/// Tells when a daemon testifies in the store what time it is: a second after its first window was opened, so that a start
/// does not share the disk with it, and about every ten minutes in which a window was opened or extended.
package struct TestimonyTimer {
    /// How old a host's word on what time it is may be before the host gives it again.
    package static let interval = Duration.seconds(600)
    private static let first: Int64 = 1_000_000_000

    /// Whether a window was opened or extended since the last testimony.
    private var hasNewWindow = false
    private var next: Int64?

    mutating func windowChanged() {
        hasNewWindow = true
    }

    /// Whether it is due now; if so, the next one is due an interval later.
    mutating func isDue(now: Moment, using random: inout any RandomNumberGenerator) -> Bool {
        guard hasNewWindow else { return false }
        let due = next ?? now.bootNanoseconds + Self.first
        next = due
        guard now.bootNanoseconds >= due else { return false }
        hasNewWindow = false
        // Not all daemons at the same time.
        next = now.bootNanoseconds + Int64(Double(Self.interval.nanoseconds) * .random(in: 1...1.5, using: &random))
        return true
    }
}
