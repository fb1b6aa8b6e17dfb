internal import CLinux
internal import Glibc

/// A thread of the operating system's, for a loop that owns it for life. Joined when asked, never detached.
package final class NativeThread: Sendable {
    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    private let handle: pthread_t

    /// Starts a thread.
    ///
    /// - Parameter name: at most 15 bytes of it show in `ps` and `top`.
    package init(name: String, _ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        var handle = pthread_t()
        let status = pthread_create(
            &handle,
            nil,
            { argument in
                let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
                firn_name_thread(String(decoding: body.name.utf8.prefix(15), as: UTF8.self))
                body.run()
                return nil
            },
            body.toOpaque()
        )
        precondition(status == 0, "the system has no thread left for firnd's few: \(String(cString: strerror(status)))")
        self.handle = handle
    }

    /// Waits for the thread's end. To be called once.
    package func join() {
        pthread_join(handle, nil)
    }
}
