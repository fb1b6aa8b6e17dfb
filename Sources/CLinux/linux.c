#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int firn_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_ns) {
    if (timeout_ns <= 0) {
        return epoll_wait(epoll, events, capacity, timeout_ns < 0 ? -1 : 0);
    }
#ifdef SYS_epoll_pwait2
    static atomic_bool missing = false;
    if (!atomic_load_explicit(&missing, memory_order_relaxed)) {
        // A direct system call: glibc has a wrapper only since 2.35.
        struct { int64_t seconds, nanoseconds; } timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
        long count = syscall(SYS_epoll_pwait2, epoll, events, capacity, &timeout, NULL, (size_t)0);
        // Container runtimes return EPERM for a call that their filter does not know.
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return (int)count;
        }
        atomic_store_explicit(&missing, true, memory_order_relaxed);
    }
#endif
    int64_t milliseconds = (timeout_ns + 999999) / 1000000;
    return epoll_wait(epoll, events, capacity, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

int firn_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

ssize_t firn_receive(int socket, void *bytes, size_t capacity) {
    return syscall(SYS_recvfrom, socket, bytes, capacity, 0, NULL, NULL);
}

ssize_t firn_send(int socket, const void *bytes, size_t count) {
    return syscall(SYS_sendto, socket, bytes, count, MSG_NOSIGNAL, NULL, 0);
}

int firn_peer_credentials(int socket, uint32_t *uid, uint32_t *gid) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
        return -1;
    }
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}

int firn_peer_groups(int socket, uint32_t *groups, uint32_t *count) {
#ifdef SO_PEERGROUPS
    socklen_t length = *count * sizeof *groups;
    int result = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &length);
    *count = length / sizeof *groups;
    return result;
#else
    (void)socket;
    (void)groups;
    *count = 0;
    errno = ENOPROTOOPT;
    return -1;
#endif
}

void firn_sharpen_timers(void) {
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
}

int firn_join_thread(pthread_t thread, int64_t timeout_ns) {
    struct timespec now, pause = {0, 1000000};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t began = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    // Not pthread_clockjoin_np: ThreadSanitizer does not intercept it, and then reports the next thread with the same
    // handle.
    for (;;) {
        int status = pthread_tryjoin_np(thread, NULL);
        if (status != EBUSY) return status;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec - began >= timeout_ns) break;
        nanosleep(&pause, NULL);
    }
    pthread_detach(thread);
    return ETIMEDOUT;
}

void firn_name_thread(const char *name) {
    pthread_setname_np(pthread_self(), name);
}

uint32_t firn_thread_number(void) {
    static atomic_uint last = 0;
    static _Thread_local uint32_t own = 0;
    if (own == 0) {
        own = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    }
    return own;
}

int firn_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return CPU_COUNT(&set);
    }
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

static int forget_object(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    (void)context;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD) {
            continue;
        }
        uintptr_t begin = (object->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
        // Segments that are never writable contain only the file's bytes. A writable segment contains data that the
        // loader relocated and then protected, and much that was only read. For such a segment the kernel may drop only
        // pages that are unchanged from the file, so nothing is lost. It does this only for the file's owner and root,
        // and otherwise does nothing.
        int advice = (segment->p_flags & PF_W) == 0 ? MADV_DONTNEED : MADV_PAGEOUT;
        if (begin < end && object->dlpi_addr != 0) {
            madvise((void *)begin, end - begin, advice);
        }
    }
    return 0;
}

void firn_forget_startup_pages(void) {
    dl_iterate_phdr(forget_object, NULL);
}
