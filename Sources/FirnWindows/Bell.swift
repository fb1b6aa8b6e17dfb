internal import Glibc

/// Wakes a thread that sleeps in ``wait(nanoseconds:)``, also when it was rung before the thread slept.
///
/// Sendable, because all of it is the system's, and accessed only by the system's calls.
package final class Bell: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isRung = false

    package init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // Not the wall clock, which may be set back while a thread sleeps.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func ring() {
        pthread_mutex_lock(mutex)
        isRung = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Sleeps until the bell is rung, for this time at most. For one thread.
    package func wait(nanoseconds: Int64) {
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        // A day: more than any sleep needs, and far from an overflow.
        let nanoseconds = min(max(0, nanoseconds), 86_400_000_000_000) + Int64(end.tv_nsec)
        end.tv_sec += Int(nanoseconds / 1_000_000_000)
        end.tv_nsec = Int(nanoseconds % 1_000_000_000)
        pthread_mutex_lock(mutex)
        while !isRung, pthread_cond_timedwait(condition, mutex, &end) != ETIMEDOUT {}
        isRung = false
        pthread_mutex_unlock(mutex)
    }
}
