internal import Synchronization

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// A number that differs between a process and its children made by `fork`.
///
/// A child has a copy of its parent's memory, with IDs that are not given out yet. What holds such IDs stores the number at
/// the time it was made, and gives out nothing when the number has changed. Reading it is one load; `getpid` is a system call.
///
/// The number rises in the child before `fork` returns there. It does not when a process is made by the bare system call or
/// by glibc's `_Fork`; such a process must call one of the `exec` functions before it takes IDs.
enum ForkGeneration {
    private static let number = Atomic<UInt64>(0)

    /// Registered once in a process: further handlers would only add more.
    private static let isWatched: Bool =
        pthread_atfork(nil, nil) {
            // In the child of a process with threads only async-signal-safe work is allowed; an atomic addition is.
            ForkGeneration.number.wrappingAdd(1, ordering: .relaxed)
        } == 0

    /// The number: one load.
    @inline(__always)
    static var current: UInt64 { number.load(ordering: .relaxed) }

    /// The number, after making sure that it changes in children that are made from now on.
    ///
    /// Traps when the system has no memory for the handler: without it IDs could be given twice.
    static func watched() -> UInt64 {
        precondition(isWatched, "pthread_atfork failed: IDs could not be kept from a forked child")
        return current
    }
}
