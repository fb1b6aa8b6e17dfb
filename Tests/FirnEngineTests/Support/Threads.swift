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

/// Runs `body` on `count` threads at once, with 0 ..< `count`, and waits for all of them.
func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = (0..<count).map { index in NativeThread { body(index) } }
    for thread in threads { thread.join() }
}

/// Gives the processor to whoever else wants it.
func pause(milliseconds: UInt32) {
    usleep(milliseconds * 1000)
}
