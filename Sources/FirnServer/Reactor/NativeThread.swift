internal import CLinux
internal import FirnEngine
internal import Glibc
internal import Synchronization

/// A thread of the operating system's, for a loop that owns it for life. Joined when asked; one that a store or a disk
/// keeps for longer than it is waited for is left to the process's end.
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

    /// Waits for the thread's end, for so long at most; afterwards it is left to itself. To be called once.
    ///
    /// - Returns: whether it has ended.
    package func join(within limit: Duration) -> Bool {
        firn_join_thread(handle, max(0, limit.nanoseconds)) == 0
    }

    /// Runs `body` for every number below `count`, for several at once, until one returns false or the time is over.
    ///
    /// A body that is under way then goes on, on a thread that is left to the process's end.
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

    /// Enough that a store 20 ms away does 800 writes per second; each is a thread for as long as that takes.
    private static let maximumAtOnce = 16

    private final class Turn: Sendable {
        let next = Atomic(0)
        let isOver = Atomic(false)
    }
}
