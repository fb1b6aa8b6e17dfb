// What the client needs of the system and Swift's modules do not offer.

#ifndef FIRN_CLIENT_H
#define FIRN_CLIENT_H

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

#endif
