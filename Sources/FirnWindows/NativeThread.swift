internal import CLinux
internal import FirnEngine
internal import Glibc
internal import Synchronization

/// An operating system thread for a loop that uses it for its whole life. It can be joined. When a store or a disk
/// blocks it for longer than the limit of the join, it is detached and runs until the process ends.
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
        precondition(status == 0, "the system has no thread left for Firn's few: \(String(cString: strerror(status)))")
        self.handle = handle
    }

    /// Waits for the thread to end. To be called once.
    package func join() {
        pthread_join(handle, nil)
    }

    /// Waits for the thread to end, for `limit` at most; then it is detached. To be called once.
    ///
    /// - Returns: whether it has ended.
    package func join(within limit: Duration) -> Bool {
        firn_join_thread(handle, max(0, limit.nanoseconds)) == 0
    }

    /// Leaves the thread to itself: it runs until its body ends. To be called once, instead of ``join()``.
    package func detach() {
        pthread_detach(handle)
    }

    /// Runs `body` for every number below `count`, several at once, until one returns false or the time is over.
    ///
    /// A body that is still running then continues, on a thread that runs until the process ends.
    package static func forEach(
        below count: Int,
        name: String,
        within limit: Duration,
        _ body: @escaping @Sendable (Int) -> Bool
    ) {
        let clock = SystemTimeSource()
        let deadline = clock.bootNanoseconds() + limit.nanoseconds
        let turn = Turn()
        let threads = (0..<min(count, maximumAtOnce)).map { _ in
            NativeThread(name: name) {
                while !turn.isOver.load(ordering: .relaxed), clock.bootNanoseconds() < deadline {
                    let number = turn.next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard number < count else { return }
                    if !body(number) { turn.isOver.store(true, ordering: .relaxed) }
                }
            }
        }
        for thread in threads { _ = thread.join(within: .nanoseconds(deadline - clock.bootNanoseconds())) }
    }

    /// Enough for 800 writes per second to a store that is 20 ms away. Each write uses a thread for that time.
    private static let maximumAtOnce = 16

    private final class Turn: Sendable {
        let next = Atomic(0)
        let isOver = Atomic(false)
    }
}
