/// With which sequence number a tick begins.
package enum FirstSequence: Sendable, Hashable {
    /// With 0: a tick holds all the IDs that its sequence counts.
    case zero
    /// With one from the lower half, another in each tick, so that IDs that come one at a time differ in their low bits
    /// too. A tick that follows one that was used past its half begins with 0.
    ///
    /// The numbers are spread evenly, and no secret.
    case random(seed: UInt64)

    /// The number that `tick` begins with, of those that have no other bits than `mask`.
    ///
    /// The same for all threads that ask: which of them claims first makes no difference.
    static func number(tick: UInt64, seed: UInt64, mask: UInt64) -> UInt64 {
        // SplitMix64's output function, of states that differ as much as consecutive ones of its do.
        // Source: Sebastiano Vigna, prng.di.unimi.it/splitmix64.c
        var z = seed &+ tick &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return (z ^ (z >> 31)) & mask
    }
}
