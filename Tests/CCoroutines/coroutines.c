#include "coroutines.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

struct firn_coroutine {
    ucontext_t own;
    ucontext_t caller;
    void (*body)(void *);
    void *argument;
};

// makecontext() passes ints.
static void begin(unsigned low, unsigned high) {
    firn_coroutine *coroutine = (firn_coroutine *)((uintptr_t)low | (uintptr_t)high << 32);
    coroutine->body(coroutine->argument);
    abort();
}

firn_coroutine *firn_coroutine_create(size_t stack_size, void (*body)(void *), void *argument) {
    firn_coroutine *coroutine = calloc(1, sizeof *coroutine);
    if (!coroutine) return NULL;
    // The lowest page stays without access, so that an overflow ends the process instead of changing other memory.
    char *stack = mmap(NULL, stack_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack + 4096, stack_size - 4096, PROT_READ | PROT_WRITE) != 0) {
        free(coroutine);
        return NULL;
    }
    getcontext(&coroutine->own);
    coroutine->own.uc_stack.ss_sp = stack + 4096;
    coroutine->own.uc_stack.ss_size = stack_size - 4096;
    coroutine->own.uc_link = NULL;
    coroutine->body = body;
    coroutine->argument = argument;
    uintptr_t address = (uintptr_t)coroutine;
    makecontext(&coroutine->own, (void (*)(void))begin, 2, (unsigned)address, (unsigned)(address >> 32));
    return coroutine;
}

void firn_coroutine_enter(firn_coroutine *coroutine) {
    swapcontext(&coroutine->caller, &coroutine->own);
}

void firn_coroutine_leave(firn_coroutine *coroutine) {
    swapcontext(&coroutine->own, &coroutine->caller);
}
