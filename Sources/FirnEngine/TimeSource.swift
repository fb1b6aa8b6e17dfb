internal import CTimeCounter

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

    /// Whether ``count()`` is cheaper to read than the boot clock, and rises evenly.
    var hasCounter: Bool { get }

    /// A counter that rises as long as the machine is not suspended, in units of its own.
    func count() -> Int64
}

extension TimeSource {
    package var hasCounter: Bool { false }

    package func count() -> Int64 { 0 }
}

/// The operating system's clocks.
package struct SystemTimeSource: TimeSource {
    private let wallOffsetNanoseconds: Int64

    package let hasCounter: Bool

    /// - Parameters:
    ///   - wallOffset: Added to the wall clock, to test the effects of a wrong clock. There is no other way to give a whole
    ///     process a wrong one, because time namespaces do not change the wall clock.
    ///   - usesCounter: Whether to look for the processor's counter. For a clock that is asked for the tick alone, often.
    package init(wallOffset: Duration = .zero, usesCounter: Bool = false) {
        wallOffsetNanoseconds = wallOffset.nanoseconds
        hasCounter = usesCounter && firn_has_time_counter() != 0
    }

    package func wallNanoseconds() -> Int64 {
        Self.read(CLOCK_REALTIME) + wallOffsetNanoseconds
    }

    package func bootNanoseconds() -> Int64 { Self.readBoot() }

    package func count() -> Int64 { Self.readCount() }

    @inline(__always)
    static func readCount() -> Int64 { Int64(bitPattern: firn_time_counter()) }

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
