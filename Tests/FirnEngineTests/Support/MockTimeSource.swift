import FirnEngine
import Synchronization

/// Two clocks that stand still until a test moves them. For any thread.
final class MockTimeSource: TimeSource {
    /// 2025-01-01T00:00:00Z.
    static let start: Int64 = 1_735_689_600_000_000_000

    private let boot: Atomic<Int64>
    /// What the wall clock shows beyond the boot clock; a jump changes it.
    private let offset: Atomic<Int64>
    /// Whether there is a hook: looked at first, so that threads that read the clock do not queue for a lock.
    private let isHooked = Atomic(false)
    private let bootHook = Mutex<(@Sendable () -> Void)?>(nil)
    private let wallHook = Mutex<(@Sendable () -> Void)?>(nil)

    init(wall: Int64 = MockTimeSource.start, boot: Int64 = 1_000_000_000) {
        self.boot = Atomic(boot)
        self.offset = Atomic(wall - boot)
    }

    func bootNanoseconds() -> Int64 {
        run(bootHook)
        return boot.load(ordering: .sequentiallyConsistent)
    }

    func wallNanoseconds() -> Int64 {
        run(wallHook)
        return boot.load(ordering: .sequentiallyConsistent) + offset.load(ordering: .sequentiallyConsistent)
    }

    /// Lets time pass, on both clocks.
    func advance(_ nanoseconds: Int64) {
        boot.wrappingAdd(nanoseconds, ordering: .sequentiallyConsistent)
    }

    /// Sets the wall clock forward, or back when negative.
    func jump(_ nanoseconds: Int64) {
        offset.wrappingAdd(nanoseconds, ordering: .sequentiallyConsistent)
    }

    /// Runs `body` the next time the boot clock is read, before it is.
    func atNextBootReading(_ body: @escaping @Sendable () -> Void) {
        bootHook.withLock { $0 = body }
        isHooked.store(true, ordering: .releasing)
    }

    /// Runs `body` the next time the wall clock is read, before it is.
    func atNextWallReading(_ body: @escaping @Sendable () -> Void) {
        wallHook.withLock { $0 = body }
        isHooked.store(true, ordering: .releasing)
    }

    private func run(_ hook: borrowing Mutex<(@Sendable () -> Void)?>) {
        guard isHooked.load(ordering: .acquiring) else { return }
        let body = hook.withLock { body in
            defer { body = nil }
            return body
        }
        body?()
    }
}

extension Int64 {
    static let millisecond: Int64 = 1_000_000
    static let second: Int64 = 1_000_000_000
    static let hour: Int64 = 3600 * second
}
