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
