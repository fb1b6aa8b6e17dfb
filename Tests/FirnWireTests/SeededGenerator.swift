/// The seeds of the property tests; each makes one series of bytes.
let seeds: [UInt64] = Array(1...100)

/// SplitMix64, so that a failing property can be run again from the seed in its test's argument.
/// Source: Sebastiano Vigna, prng.di.unimi.it/splitmix64.c
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Some bytes, of any length up to `maximumCount`.
    mutating func bytes(upTo maximumCount: Int) -> [UInt8] {
        (0..<Int.random(in: 0...maximumCount, using: &self)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
