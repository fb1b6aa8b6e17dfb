// Linux interfaces that the reactor needs and that Swift's Glibc module does not provide.

#ifndef CLINUX_H
#define CLINUX_H

#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/types.h>

// epoll_wait() with a timeout in nanoseconds where the kernel supports it (epoll_pwait2, Linux 5.11), otherwise rounded
// up to a millisecond. timeout_ns < 0 waits without limit. Returns the number of events, or -1 with errno.
int firn_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_ns);

// accept4() with SOCK_NONBLOCK and SOCK_CLOEXEC, without the peer's address.
int firn_accept(int listener);

// recv() and send() with MSG_NOSIGNAL, as direct system calls: glibc's functions are cancellation points, which costs a
// multithreaded process about forty nanoseconds per call. They return the number of bytes, or -1 with errno.
ssize_t firn_receive(int socket, void *bytes, size_t capacity);
ssize_t firn_send(int socket, const void *bytes, size_t count);

// The credentials of the peer of a Unix socket, as of connect() (SO_PEERCRED). Returns 0, or -1 with errno.
int firn_peer_credentials(int socket, uint32_t *uid, uint32_t *gid);

// The supplementary groups of the peer of a Unix socket, as of connect() (SO_PEERGROUPS, Linux 4.13). `count` is the
// capacity of `groups`, and is set to the number of groups. Returns 0, or -1 with errno: ERANGE if the capacity is too
// small.
int firn_peer_groups(int socket, uint32_t *groups, uint32_t *count);

// Lets this thread's timers fire when they are due, and not up to 50 microseconds later (PR_SET_TIMERSLACK).
void firn_sharpen_timers(void);

// Sets this thread's name for ps and top; at most 15 bytes.
void firn_name_thread(const char *name);

// Joins a thread, with a timeout on the monotonic clock. Returns 0, or an error number: after ETIMEDOUT the thread is
// detached. Call it once per thread.
int firn_join_thread(pthread_t thread, int64_t timeout_ns);

// Releases the pages of code and constants that were used only during the start: for parsing options and opening the
// store. The kernel reads them from the file again, one by one, if they are needed.
void firn_forget_startup_pages(void);

// This thread's number among those that have called it: 1, 2, 3, and so on.
uint32_t firn_thread_number(void);

// The number of processors that this process may run on (sched_getaffinity), at least 1.
int firn_processor_count(void);

// For a command that runs another program (process.c).

// Installs a handler for these signals that writes each one's number to a pipe, as one byte; with the highest bit set if
// the terminal sent it, which sends it to the whole process group. Signals that are ignored stay ignored, except SIGCHLD.
// Unblocks them
// in this thread. Returns the end to read from, or -1 with errno. To be called once per process.
int firn_watch_signals(const int *signals, int count);

// Writes a byte 0 to that pipe. From any thread.
void firn_wake_watcher(void);

// Runs `/bin/sh -c command` with this environment. The child gets SIGTERM when the calling thread ends. Processes that it
// leaves behind become children of this process. Returns its process ID, or -1 with errno.
pid_t firn_start_shell(const char *command, char *const *environment);

// The process IDs of this process's children, running or not waited for, from /proc. Returns how many there are, of which
// at most `capacity` are written, or -1 with errno.
int firn_children(pid_t *children, int capacity);

// Whether something other than a regular file is at this path: a directory, a device, a symbolic link.
int firn_is_other_than_file(const char *path);

#endif
