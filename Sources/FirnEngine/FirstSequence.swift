/// The sequence number with which a tick begins.
package enum FirstSequence: Sendable, Hashable {
    /// With 0: a tick has all the IDs that its sequence field can count.
    case zero
    /// With a number from the lower half, a different one in each tick, so that IDs that are requested one at a time
    /// also differ in their low bits. A tick begins with 0 when more than half of the previous tick was used.
    ///
    /// The numbers are evenly distributed, but not secret.
    case random(seed: UInt64)

    /// The number that `tick` begins with. It has no bits outside `mask`.
    ///
    /// It is the same for all threads, so it does not matter which of them claims first.
    static func number(tick: UInt64, seed: UInt64, mask: UInt64) -> UInt64 {
        // SplitMix64's output function, for states that differ as much as consecutive states of SplitMix64.
        // Source: Sebastiano Vigna, prng.di.unimi.it/splitmix64.c
        var z = seed &+ tick &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return (z ^ (z >> 31)) & mask
    }
}
