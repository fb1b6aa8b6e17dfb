internal import Synchronization

/// Counters that one thread writes and any other may read at any time.
///
/// Adding is a load and a store, without the bus lock that an atomic addition takes: with a single writer, no other
/// write happens between the two. A reader sees each counter whole, with a recent value.
struct Cells<let count: Int>: ~Copyable, Sendable {
    private let words: InlineArray<count, Atomic<UInt64>>

    /// All counters start at 0.
    init() {
        words = InlineArray { _ in Atomic(0) }
    }

    /// Adds, on the one thread that writes.
    @inline(__always)
    func add(_ amount: UInt64 = 1, at index: Int) {
        words[index].store(words[index].load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Adds, where several threads write.
    @inline(__always)
    func addShared(_ amount: UInt64 = 1, at index: Int) {
        words[index].wrappingAdd(amount, ordering: .relaxed)
    }

    /// Sets, on the one thread that writes.
    @inline(__always)
    func set(_ value: UInt64, at index: Int) {
        words[index].store(value, ordering: .relaxed)
    }

    subscript(index: Int) -> UInt64 {
        words[index].load(ordering: .relaxed)
    }
}
