internal import CFirnProto

/// Memory that protobuf-c unpacks one message into, used again for the next. Owns what its pointers point at.
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

    /// Frees what was unpacked before, and gives the allocator to unpack with.
    func reset() -> UnsafeMutablePointer<ProtobufCAllocator> {
        firn_arena_reset(arena)
        return UnsafeMutableRawPointer(arena).assumingMemoryBound(to: ProtobufCAllocator.self)
    }

    /// Whether the message since the last reset wanted more than there is.
    var isExhausted: Bool { arena.pointee.exhausted }
}
