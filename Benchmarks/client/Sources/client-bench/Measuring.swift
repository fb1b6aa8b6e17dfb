import Glibc
import Synchronization

/// Exits with a message and the exit code of a usage error.
func fatalExit(_ message: String) -> Never {
    let line = message + "\n"
    write(STDERR_FILENO, line, line.utf8.count)
    exit(64)
}

/// Nanoseconds since the machine booted.
func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

func median(_ values: [Double]) -> Double {
    precondition(!values.isEmpty, "something was measured")
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}

private let sink = Atomic<UInt64>(0)

/// Keeps the optimizer from removing the computation of the value: it stores the value in a global.
func use(_ value: UInt64) {
    sink.store(value, ordering: .relaxed)
}

/// Runs work on some POSIX threads, which all begin at the same moment. Swift's own threads also run other work.
func onThreads(_ count: Int, _ work: @escaping @Sendable (_ thread: Int) -> Void) {
    final class Start: Sendable {
        let ready = Atomic(0)
        let count: Int
        let work: @Sendable (Int) -> Void
        init(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) { (self.count, self.work) = (count, work) }
    }
    let start = Start(count, work)
    var threads: [pthread_t] = []
    for _ in 0..<count {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(start).toOpaque()
        let error = pthread_create(
            &thread,
            nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                let index = start.ready.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
                while start.ready.load(ordering: .acquiring) < start.count { sched_yield() }
                start.work(index)
                return nil
            },
            argument
        )
        guard error == 0 else { fatalExit("client-bench: no thread could be started (error \(error))") }
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}
