#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Nanoseconds since some moment before this process began, with the time that the machine was suspended: the time of
/// ``ContinuousClock`` as one number, which fits in an atomic word.
struct BootTime: Sendable, Hashable, Comparable {
    var nanoseconds: UInt64

    static var now: BootTime {
        #if canImport(Darwin)
            // It goes on while the machine is suspended; CLOCK_UPTIME_RAW does not.
            return BootTime(nanoseconds: clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW))
        #else
            var time = timespec()
            clock_gettime(CLOCK_BOOTTIME, &time)
            return BootTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
        #endif
    }

    static func < (lhs: BootTime, rhs: BootTime) -> Bool { lhs.nanoseconds < rhs.nanoseconds }

    static func + (time: BootTime, nanoseconds: UInt64) -> BootTime {
        BootTime(nanoseconds: time.nanoseconds + nanoseconds)
    }

    static func + (time: BootTime, duration: Duration) -> BootTime { time + duration.nanoseconds }

    /// Nanoseconds since an earlier moment; 0 for a later one.
    func since(_ earlier: BootTime) -> UInt64 {
        nanoseconds - min(nanoseconds, earlier.nanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds; 0 for a negative duration. Durations of the client's configuration are at most an hour.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return seconds < 0 || attoseconds < 0
            ? 0 : UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
}
