// The processor's counter of time, for code that asks far more often whether a moment has passed than what time it is.

#ifndef CTIMECOUNTER_H
#define CTIMECOUNTER_H

#include <stdint.h>

// Whether the kernel makes its own clocks of the counter that firn_time_counter() reads: then it has found the counter to
// rise evenly, and alike on all processors. So it is on x86-64 where Linux's clock source is "tsc". Opens a file in /sys.
int firn_has_time_counter(void);

// The time-stamp counter, in units of the processor's own; 0 on other processors. The processor may read it earlier than the
// program has it, by as many instructions as it has under way: that takes well under a microsecond, and an interrupt ends it.
// clock_gettime() waits for those instructions (lfence), which takes as long again.
static inline uint64_t firn_time_counter(void) {
#if defined(__x86_64__)
    uint32_t low, high;
    __asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
#else
    return 0;
#endif
}

#endif
