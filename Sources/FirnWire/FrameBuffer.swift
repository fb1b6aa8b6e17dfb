/// Bytes on their way out: frames are appended at the end, what was sent is taken off the front.
///
/// Owns its memory; grows as needed and gives memory above `keptCapacity` back once it is empty.
package struct FrameBuffer: ~Copyable {
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    /// What an empty buffer keeps: enough for a wake-up's answers to single calls.
    package static let keptCapacity = 16 * 1024

    package init() {
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    deinit {
        memory.deallocate()
    }

    /// How many bytes wait to be sent.
    package var count: Int { end - start }

    package var isEmpty: Bool { start == end }

    /// The bytes to send, for the length of the call.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: memory[start..<end]))
    }

    /// Takes `sent` bytes off the front.
    package mutating func removeFirst(_ sent: Int) {
        precondition(sent >= 0 && sent <= count, "no more is sent than was there")
        start += sent
        if start == end { removeAll() }
    }

    /// Drops everything.
    package mutating func removeAll() {
        start = 0
        end = 0
        if memory.count > Self.keptCapacity { release() }
    }

    /// Drops everything, the memory too.
    package mutating func release() {
        start = 0
        end = 0
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Appends a copy of `bytes`.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        appendUninitialized(bytes.count) { free in
            free.copyMemory(from: bytes)
            return bytes.count
        }
    }

    /// Appends what `body` writes into at most `capacity` bytes; it returns how many it wrote.
    @inline(__always)
    mutating func appendUninitialized(_ capacity: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        if memory.count - end < capacity { makeRoom(capacity) }
        let written = body(UnsafeMutableRawBufferPointer(rebasing: memory[end..<end + capacity]))
        precondition(written >= 0 && written <= capacity, "no more was written than there was room for")
        end += written
    }

    @inline(never)
    private mutating func makeRoom(_ capacity: Int) {
        let needed = count + capacity
        let grown = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(needed, min(2 * memory.count, Int.max / 2), 512),
            alignment: 8
        )
        grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[start..<end]))
        memory.deallocate()
        memory = grown
        end -= start
        start = 0
    }
}
