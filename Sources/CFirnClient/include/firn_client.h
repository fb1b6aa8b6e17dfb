// What the client needs of the system and Swift's modules do not offer.

#ifndef FIRN_CLIENT_H
#define FIRN_CLIENT_H

#include <stdatomic.h>
#include <stdint.h>

#if defined(__linux__)
extern int sched_getcpu(void);
#else
#include <pthread.h>
#endif

// A number that is mostly another one for threads that run at the same moment: the processor's, where that costs about
// a nanosecond, else a hash of the thread. It may have changed when the caller looks at it: a hint, never a promise.
static inline uint64_t firn_place_hint(void) {
#if defined(__linux__)
    return (uint64_t)(uint32_t)sched_getcpu();
#else
    return ((uint64_t)(uintptr_t)pthread_self() * UINT64_C(0x9E3779B97F4A7C15)) >> 40;
#endif
}

// IDs that a thread has claimed of a prefetch buffer and not given out yet. PrefetchBuffer says what the fields mean; here
// is what only C can say, that each thread has its own. It ends with its thread. Nothing is allocated for it, but on Apple's
// systems, at a thread's first use.
struct firn_chunk {
    uint64_t owner;
    uint64_t cursor;
    uint64_t next;
    uint64_t stride;
    uint64_t left;
    uint64_t size;
    uint64_t is_in_use;
};

extern _Thread_local struct firn_chunk firn_chunk_of_thread;

// This thread's chunk. Not to be kept: a task may go on in another thread.
static inline struct firn_chunk *_Nonnull firn_chunk(void) {
    return &firn_chunk_of_thread;
}

// Begins to use the chunk. False in a signal handler that interrupted a use of it, which must leave it alone. What follows
// stays between this and firn_chunk_end, as a handler of this thread sees it.
static inline _Bool firn_chunk_begin(struct firn_chunk *_Nonnull chunk) {
    if (chunk->is_in_use) return 0;
    chunk->is_in_use = 1;
    atomic_signal_fence(memory_order_seq_cst);
    return 1;
}

static inline void firn_chunk_end(struct firn_chunk *_Nonnull chunk) {
    atomic_signal_fence(memory_order_seq_cst);
    chunk->is_in_use = 0;
}

#endif
