#if os(Linux)
    #if canImport(Musl)
        internal import Musl
    #else
        internal import Glibc
    #endif

    extension LeaseInstant {
        static var now: LeaseInstant {
            func read(_ clock: clockid_t) -> Int64 {
                var time = timespec()
                clock_gettime(clock, &time)
                return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
            }
            return LeaseInstant(boot: read(CLOCK_BOOTTIME), wall: read(CLOCK_REALTIME))
        }
    }
#endif
