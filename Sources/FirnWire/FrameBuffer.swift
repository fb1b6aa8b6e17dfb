/// Bytes to be sent: frames are appended at the end, sent bytes are removed from the front.
///
/// It owns its memory, and grows as needed. When it is empty, it frees memory above `keptCapacity`. For one thread.
///
/// A class, so that passing it to a session needs no exclusivity check for the variable that holds it: that check was
/// nearly a fifth of a call's cost outside the kernel.
package final class FrameBuffer {
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0

    /// The memory that an empty buffer keeps: enough for a wake-up's answers to single calls.
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

    /// How much memory it holds.
    package var capacity: Int { memory.count }

    /// The bytes to send, valid during the call.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = UnsafeRawBufferPointer(rebasing: memory[start..<end])
        return try body(bytes)
    }

    /// Removes `sent` bytes from the front.
    package func removeFirst(_ sent: Int) {
        precondition(sent >= 0 && sent <= count, "no more is sent than was there")
        start += sent
        if start == end { removeAll() }
    }

    /// Drops everything.
    package func removeAll() {
        start = 0
        end = 0
        if memory.count > Self.keptCapacity { release() }
    }

    /// Drops everything, the memory too.
    package func release() {
        start = 0
        end = 0
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Appends a copy of `bytes`.
    package func append(_ bytes: UnsafeRawBufferPointer) {
        appendUninitialized(bytes.count) { free in
            free.copyMemory(from: bytes)
            return bytes.count
        }
    }

    /// Appends what `body` writes into at most `capacity` bytes; it returns how many it wrote.
    @inline(__always)
    func appendUninitialized(_ capacity: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        if memory.count - end < capacity { makeRoom(capacity) }
        let written = body(UnsafeMutableRawBufferPointer(rebasing: memory[end..<end + capacity]))
        precondition(written >= 0 && written <= capacity, "no more was written than there was room for")
        end += written
    }

    @inline(never)
    private func makeRoom(_ capacity: Int) {
        let needed = count + capacity
        let unsent = UnsafeRawBufferPointer(rebasing: memory[start..<end])
        if needed <= memory.count / 2 {
            // The room was freed by bytes that were sent. If the buffer grew instead, it would grow for as long as it
            // never becomes empty, as with a peer that reads steadily but never everything. With half of the memory
            // free, a move is rare.
            memory.copyMemory(from: unsent)
        } else {
            let grown = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(needed, min(2 * memory.count, Int.max / 2), 512),
                alignment: 8
            )
            grown.copyMemory(from: unsent)
            memory.deallocate()
            memory = grown
        }
        end -= start
        start = 0
    }
}
