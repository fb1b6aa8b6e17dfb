internal import Synchronization

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Which process this is, as far as `fork` goes: a number that is another one in a child.
///
/// A child has a copy of all that its parent had, IDs not yet given out among it. What holds such IDs remembers the number
/// it was made at and gives out nothing at another one. It is one load where `getpid` would be a system call.
///
/// The number rises in the child before `fork` returns there. It does not for who goes around the C library's `fork`, by
/// the bare system call or glibc's `_Fork`, and takes IDs without having called one of the `exec` functions first.
enum ForkGeneration {
    private static let number = Atomic<UInt64>(0)

    /// Once in a process: further handlers would only count further.
    private static let isWatched: Bool =
        pthread_atfork(nil, nil) {
            // After `fork` in a process with threads a child may do little: adding to a word is among it.
            ForkGeneration.number.wrappingAdd(1, ordering: .relaxed)
        } == 0

    /// The number; cheap.
    @inline(__always)
    static var current: UInt64 { number.load(ordering: .relaxed) }

    /// The number, which changes with forks from now on.
    ///
    /// Traps when the system has no memory for the handler: going on could give IDs twice.
    static func watched() -> UInt64 {
        precondition(isWatched, "pthread_atfork failed: IDs could not be kept from a forked child")
        return current
    }
}
