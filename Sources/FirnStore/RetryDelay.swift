/// The delay after the n-th failure in a row. It doubles each time up to a maximum, and is reduced by a random part of
/// up to a half, so that daemons that lost the same store do not reconnect at the same time.
struct RetryDelay: Sendable {
    private let firstTicks: UInt64
    private let maximumTicks: UInt64
    private var failures = 0
    private var random: UInt64

    init(firstTicks: UInt64, maximumTicks: UInt64, jitterSeed: UInt64) {
        precondition(firstTicks > 0 && firstTicks <= maximumTicks, "a first delay is from one tick to the maximum")
        self.firstTicks = firstTicks
        self.maximumTicks = maximumTicks
        random = jitterSeed
    }

    mutating func succeeded() {
        failures = 0
    }

    mutating func nextTicks() -> UInt64 {
        var delay = firstTicks
        for _ in 0..<failures where delay < maximumTicks {
            delay = delay > maximumTicks / 2 ? maximumTicks : delay * 2
        }
        if delay < maximumTicks { failures += 1 }
        return spread(delay)
    }

    /// The delay, reduced by a random part of up to a half; at least one tick.
    mutating func spread(_ delay: UInt64) -> UInt64 {
        max(1, delay - nextRandom() % (delay / 2 + 1))
    }

    /// SplitMix64: any seed is suitable, and a test can repeat it.
    private mutating func nextRandom() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = random
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
