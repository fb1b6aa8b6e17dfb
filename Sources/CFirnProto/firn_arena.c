#include "firn_arena.h"

static void *arena_alloc(void *context, size_t size) {
    firn_arena *arena = context;
    // Each allocation has its size in the eight bytes before it.
    size_t left = arena->capacity - arena->used;
    if (left < sizeof(uint64_t) || size > left - sizeof(uint64_t)) {
        arena->exhausted = true;
        return NULL;
    }
    uint64_t *header = (uint64_t *)(arena->bytes + arena->used);
    *header = size;
    size_t end = arena->used + sizeof(uint64_t) + size;
    size_t aligned = (end + 7) & ~(size_t)7;
    arena->used = aligned < arena->capacity ? aligned : arena->capacity;
    return header + 1;
}

static void arena_free(void *context, void *pointer) {
    (void)context;
    (void)pointer;
}

void firn_arena_init(firn_arena *arena, void *bytes, size_t capacity) {
    arena->allocator.alloc = arena_alloc;
    arena->allocator.free = arena_free;
    arena->allocator.allocator_data = arena;
    arena->bytes = bytes;
    arena->capacity = capacity & ~(size_t)7;
    firn_arena_reset(arena);
}
