#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The two clocks of a machine, as Firn reads them. Tests use their own.
package protocol TimeSource: Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z by the wall clock. May jump in either direction at any moment.
    func wallNanoseconds() -> Int64

    /// Nanoseconds since some fixed moment. Never goes back, and counts the time a machine was suspended.
    func bootNanoseconds() -> Int64
}

/// The operating system's clocks.
package struct SystemTimeSource: TimeSource {
    private let wallOffsetNanoseconds: Int64

    /// - Parameter wallOffset: Added to the wall clock, to test the effects of a wrong clock. There is no other way to
    ///   give a whole process a wrong one, because time namespaces do not change the wall clock.
    package init(wallOffset: Duration = .zero) {
        wallOffsetNanoseconds = wallOffset.nanoseconds
    }

    package func wallNanoseconds() -> Int64 {
        Self.read(CLOCK_REALTIME) + wallOffsetNanoseconds
    }

    package func bootNanoseconds() -> Int64 { Self.readBoot() }

    @inline(__always)
    static func readBoot() -> Int64 {
        #if os(Linux)
            // CLOCK_MONOTONIC stops while the machine is suspended; CLOCK_BOOTTIME does not (clock_gettime(2)).
            read(CLOCK_BOOTTIME)
        #else
            // Darwin's CLOCK_MONOTONIC counts the time asleep.
            read(CLOCK_MONOTONIC)
        #endif
    }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let result = clock_gettime(clock, &time)
        precondition(result == 0, "clock_gettime fails only for a clock that the kernel does not have")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
