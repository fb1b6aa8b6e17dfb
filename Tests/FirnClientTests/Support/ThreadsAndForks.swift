import Foundation
import Synchronization

/// Runs a body in as many threads and gives what they returned, by thread. Swift's own few threads, which the other tests
/// run on meanwhile, are not kept waiting.
func inThreads<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Value) async -> [Value] {
    let results = Results<Value>()
    let group = DispatchGroup()
    for index in 0..<count {
        group.enter()
        Thread.detachNewThread {
            results.add(body(index), at: index)
            group.leave()
        }
    }
    await withCheckedContinuation { continuation in
        group.notify(queue: .global()) { continuation.resume() }
    }
    return results.inOrder
}

/// Runs a body in a thread of its own, and waits for it.
func inAnotherThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
    let results = Results<Value>()
    let hasEnded = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        results.add(body(), at: 0)
        hasEnded.signal()
    }
    hasEnded.wait()
    return results.inOrder[0]
}

private final class Results<Value: Sendable>: Sendable {
    private let values = Mutex<[Int: Value]>([:])
    func add(_ value: Value, at index: Int) { values.withLock { $0[index] = value } }
    var inOrder: [Value] { values.withLock { values in values.keys.sorted().map { values[$0]! } } }
}

#if os(Linux)
    /// Whether a body is true in a child made by `fork`; nil when there was no child, or it ended in another way, or not
    /// within 20 s.
    ///
    /// The body runs where only the forking thread lives on: it must need no other, and no lock that one may have held.
    func inForkedChild(_ body: () -> Bool) -> Bool? {
        // Swift does not offer `fork`, for what its body must not do; so it is found by name.
        guard let symbol = dlsym(nil, "fork") else { return nil }
        let fork = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
        let child = fork()
        if child == 0 { _exit(body() ? 10 : 11) }
        guard child > 0 else { return nil }
        var status: CInt = 0
        let end = ContinuousClock.now + .seconds(60)
        while waitpid(child, &status, WNOHANG) != child {
            if ContinuousClock.now > end { kill(child, SIGKILL) }
            usleep(1000)
        }
        // Exited, and not by a signal.
        guard status & 0x7F == 0 else { return nil }
        switch status >> 8 {
        case 10: return true
        case 11: return false
        default: return nil
        }
    }
#endif
