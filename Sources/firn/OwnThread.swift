#if os(Linux)
    #if canImport(Musl)
        internal import Musl
    #else
        internal import Glibc
    #endif

    /// A thread that runs one body.
    final class OwnThread: Sendable {
        private let body: @Sendable () -> Void

        private init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }

        static func start(_ body: @escaping @Sendable () -> Void) {
            var handle = pthread_t()
            let status = pthread_create(
                &handle,
                nil,
                { argument in
                    Unmanaged<OwnThread>.fromOpaque(argument!).takeRetainedValue().body()
                    return nil
                },
                Unmanaged.passRetained(OwnThread(body)).toOpaque()
            )
            precondition(status == 0, "the system has no thread left: \(String(cString: strerror(status)))")
            pthread_detach(handle)
        }
    }
#endif
