#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread of the operating system: tasks would share a few of those and hardly ever meet in a race.
struct NativeThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    #if canImport(Darwin)
        private var handle: pthread_t?
    #else
        private var handle = pthread_t()
    #endif

    init(_ run: @escaping @Sendable () -> Void) {
        let result = pthread_create(
            &handle,
            nil,
            { argument in
                #if canImport(Darwin)
                    Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                #else
                    Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                #endif
                return nil
            },
            Unmanaged.passRetained(Body(run)).toOpaque()
        )
        precondition(result == 0, "no thread to be had")
    }

    func join() {
        #if canImport(Darwin)
            pthread_join(handle!, nil)
        #else
            pthread_join(handle, nil)
        #endif
    }
}

#if !canImport(Darwin)
    extension NativeThread {
        /// The processor time that the thread has used so far, in nanoseconds; `nil` once it has ended.
        var processorNanoseconds: Int64? {
            var clock = clockid_t()
            var time = timespec()
            guard pthread_getcpuclockid(handle, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
            return Int64(time.tv_sec) * .second + Int64(time.tv_nsec)
        }
    }
#endif

/// Runs `body` on `count` threads at once, with 0 ..< `count`, and waits for all of them.
///
/// - Returns: what they returned. Better than a lock around a shared array: on Linux ThreadSanitizer does not see a
///   contended `Mutex` change hands, and reports what it protects.
@discardableResult
func inThreads<Result: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) -> [Result] {
    // Each thread writes one element; joining it orders that before the read.
    nonisolated(unsafe) let results = UnsafeMutableBufferPointer<Result?>.allocate(capacity: count)
    results.initialize(repeating: nil)
    defer { results.deinitialize().deallocate() }
    let threads = (0..<count).map { index in NativeThread { results[index] = body(index) } }
    for thread in threads { thread.join() }
    return results.map { $0! }
}

/// Gives the processor to whoever else wants it.
func pause(milliseconds: UInt32) {
    usleep(milliseconds * 1000)
}
