// A bump allocator over memory that the caller owns: what protobuf-c unpacks one request into. It is reset for each
// request, so a request costs no malloc, and a request that wants more than it has is refused, not served.

#ifndef FIRN_ARENA_H
#define FIRN_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct firn_arena {
    ProtobufCAllocator allocator; // hand its address to ..._unpack()
    unsigned char *bytes;         // aligned to 8
    size_t capacity;
    size_t used;
    bool exhausted;               // an allocation was refused since the last reset
} firn_arena;

// Points the arena at `capacity` bytes, which must outlive it. Not to be moved or copied afterwards.
void firn_arena_init(firn_arena *arena, void *bytes, size_t capacity);

// Frees everything that was allocated.
static inline void firn_arena_reset(firn_arena *arena) {
    arena->used = 0;
    arena->exhausted = false;
}

// How many bytes were asked for when `pointer` was allocated from an arena. A protobuf string's true length is one
// less: unlike strlen() this sees past an embedded NUL.
static inline size_t firn_arena_size_of(const void *pointer) {
    return *((const uint64_t *)pointer - 1);
}

#endif
