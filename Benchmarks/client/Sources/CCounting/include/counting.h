// Counts allocations: this program's malloc, which everything in it calls, including its shared libraries.

#ifndef COUNTING_H
#define COUNTING_H

#include <stdint.h>

// How often this thread has called malloc, calloc, realloc, aligned_alloc, posix_memalign or memalign.
uint64_t counting_allocations(void);

#endif
