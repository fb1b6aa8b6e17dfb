// Coroutines with stacks of their own, for code that waits in the middle of a call and must run on one thread.

#ifndef COROUTINES_H
#define COROUTINES_H

#include <stddef.h>

typedef struct firn_coroutine firn_coroutine;

// A coroutine that calls body(argument) when it is first entered. body must not return. Returns NULL when there is no
// memory.
firn_coroutine *firn_coroutine_create(size_t stack_size, void (*body)(void *), void *argument);

// Runs a coroutine until it calls firn_coroutine_leave(). To be called outside of coroutines.
void firn_coroutine_enter(firn_coroutine *coroutine);

// Returns to the caller of firn_coroutine_enter(). To be called inside a coroutine.
void firn_coroutine_leave(firn_coroutine *coroutine);

#endif
