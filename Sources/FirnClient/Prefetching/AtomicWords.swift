internal import Synchronization

/// A fixed number of atomic words, all 0 at first; the first lies on a boundary of 128 bytes.
///
/// Every load acquires, every store releases and every exchange does both: on x86-64 and arm64 that costs what relaxed
/// access does, or nearly that, and no caller has to prove that a weaker order is enough.
///
/// Sendable, because its pointer never changes and the words behind it are accessed only by their atomic operations; they
/// are freed by `deinit`, when no reference to the value is left.
struct AtomicWords: ~Copyable, @unchecked Sendable {
    /// 128 and not 64 bytes: processors fetch lines in pairs.
    static let wordsPerLine = 16

    let count: Int
    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    init(count: Int) {
        precondition(count > 0, "some words")
        self.count = count
        let size = MemoryLayout<Atomic<UInt64>>.stride
        words = UnsafeMutableRawPointer.allocate(byteCount: count * size, alignment: Self.wordsPerLine * size)
            .bindMemory(to: Atomic<UInt64>.self, capacity: count)
        for index in 0..<count { (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: count)
        words.deallocate()
    }

    // Indices are asserted and not checked in release builds: a buffer computes them from constants and a mask.

    @inline(__always)
    func load(_ index: Int) -> UInt64 {
        assert(index >= 0 && index < count, "a word outside the memory")
        return words[index].load(ordering: .acquiring)
    }

    @inline(__always)
    func store(_ index: Int, _ value: UInt64) {
        assert(index >= 0 && index < count, "a word outside the memory")
        words[index].store(value, ordering: .releasing)
    }

    @inline(__always)
    func exchange(_ index: Int, _ value: UInt64) -> UInt64 {
        assert(index >= 0 && index < count, "a word outside the memory")
        return words[index].exchange(value, ordering: .acquiringAndReleasing)
    }

    @inline(__always)
    func compareExchange(
        _ index: Int,
        expected: UInt64,
        desired: UInt64
    ) -> (exchanged: Bool, original: UInt64) {
        assert(index >= 0 && index < count, "a word outside the memory")
        return words[index].compareExchange(
            expected: expected,
            desired: desired,
            ordering: .acquiringAndReleasing
        )
    }

    @inline(__always)
    func add(_ index: Int, _ value: UInt64) {
        assert(index >= 0 && index < count, "a word outside the memory")
        words[index].wrappingAdd(value, ordering: .relaxed)
    }
}
