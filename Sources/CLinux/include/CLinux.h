// What the reactor needs of Linux and Swift's Glibc module does not offer.

#ifndef CLINUX_H
#define CLINUX_H

#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/types.h>

// epoll_wait() that sleeps to the nanosecond where the kernel can (epoll_pwait2, Linux 5.11), else to the next
// millisecond. timeout_ns < 0 waits without end. Returns the number of events, or -1 with errno.
int firn_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_ns);

// accept4() with SOCK_NONBLOCK and SOCK_CLOEXEC, the peer's address left out.
int firn_accept(int listener);

// recv() and send() with MSG_NOSIGNAL, as bare system calls: glibc's are cancellation points, which costs a process with
// threads some forty nanoseconds a call. The number of bytes, or -1 with errno.
ssize_t firn_receive(int socket, void *bytes, size_t capacity);
ssize_t firn_send(int socket, const void *bytes, size_t count);

// Who connected to a Unix socket, as of connect() (SO_PEERCRED). 0, or -1 with errno.
int firn_peer_credentials(int socket, uint32_t *uid, uint32_t *gid);

// The supplementary groups of who connected to a Unix socket, as of connect() (SO_PEERGROUPS, Linux 4.13). `count` is how
// many there is room for, and then how many there are. 0, or -1 with errno: ERANGE where there is not enough room.
int firn_peer_groups(int socket, uint32_t *groups, uint32_t *count);

// Lets this thread's timers fire when they are due, not up to 50 microseconds later (PR_SET_TIMERSLACK).
void firn_sharpen_timers(void);

// Names this thread for ps and top; at most 15 bytes.
void firn_name_thread(const char *name);

// Waits for a thread's end, for so long at most by a clock that nobody sets. 0, or an error's number: ETIMEDOUT, and the
// thread is detached. To be called once.
int firn_join_thread(pthread_t thread, int64_t timeout_ns);

// Gives back the pages of code and constants that starting touched and serving does not: parsing options, opening the
// store. They come back from the file, one by one, should they be needed again.
void firn_forget_startup_pages(void);

// How many processors this process may run on (sched_getaffinity), at least 1.
int firn_processor_count(void);

#endif
