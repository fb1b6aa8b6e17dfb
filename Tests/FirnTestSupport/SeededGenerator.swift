/// SplitMix64, so that a failing test can be run again from the seed in its argument.
/// Source: Sebastiano Vigna, prng.di.unimi.it/splitmix64.c
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A number of which every width is as likely as any other, so that small and huge ones both come up.
    package mutating func number(upTo maximum: UInt64) -> UInt64 {
        let number = next() >> UInt64.random(in: 0..<64, using: &self)
        return maximum == .max ? number : number % (maximum + 1)
    }

    /// Some bytes, of any length up to `maximumCount`.
    package mutating func bytes(upTo maximumCount: Int) -> [UInt8] {
        (0..<Int.random(in: 0...maximumCount, using: &self)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// True once in `n` times.
    package mutating func oneIn(_ n: Int) -> Bool {
        Int.random(in: 0..<n, using: &self) == 0
    }
}
