// System interfaces that the client needs and that Swift's modules do not provide.

#ifndef FIRN_CLIENT_H
#define FIRN_CLIENT_H

#include <stdatomic.h>
#include <stdint.h>

#if defined(__linux__)
extern int sched_getcpu(void);
#else
#include <pthread.h>
#endif

// A number that usually differs between threads that run at the same time: the processor's number where that costs
// about a nanosecond, otherwise a hash of the thread. It may be out of date when the caller uses it: it is only a hint.
static inline uint64_t firn_place_hint(void) {
#if defined(__linux__)
    return (uint64_t)(uint32_t)sched_getcpu();
#else
    return ((uint64_t)(uintptr_t)pthread_self() * UINT64_C(0x9E3779B97F4A7C15)) >> 40;
#endif
}

// IDs that a thread has claimed from a prefetch buffer and not given out yet. PrefetchBuffer documents the fields. It
// is declared in C because only C can give each thread its own. It ends with its thread. It needs no allocation, except
// on Apple's systems, at a thread's first use.
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

// The current thread's chunk. Do not store the pointer: a task may continue on another thread.
static inline struct firn_chunk *_Nonnull firn_chunk(void) {
    return &firn_chunk_of_thread;
}

// Begins a use of the chunk. Returns false in a signal handler that interrupted a use; the handler must not use the
// chunk then. The fences keep the code that follows between this call and firn_chunk_end, as a signal handler of this
// thread sees it.
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
