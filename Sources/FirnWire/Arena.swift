internal import CFirnProto

/// Memory into which protobuf-c unpacks one message. It is reused for the next, and owns what its pointers refer to.
struct Arena: ~Copyable {
    private let arena: UnsafeMutablePointer<firn_arena>
    private let memory: UnsafeMutableRawPointer

    init(capacity: Int) {
        memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        arena = UnsafeMutablePointer<firn_arena>.allocate(capacity: 1)
        firn_arena_init(arena, memory, capacity)
    }

    deinit {
        arena.deallocate()
        memory.deallocate()
    }

    /// Frees what was unpacked before, and returns the allocator for unpacking.
    func reset() -> UnsafeMutablePointer<ProtobufCAllocator> {
        firn_arena_reset(arena)
        return UnsafeMutableRawPointer(arena).assumingMemoryBound(to: ProtobufCAllocator.self)
    }

    /// Whether the message since the last reset needed more memory than there is.
    var isExhausted: Bool { arena.pointee.exhausted }
}
