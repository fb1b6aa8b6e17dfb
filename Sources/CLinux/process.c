#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int watch_pipe[2] = {-1, -1};

static void note_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    unsigned char byte = (unsigned char)(number | (info->si_code == SI_KERNEL ? 0x80 : 0));
    // A full pipe has wakened the reader already.
    ssize_t written = write(watch_pipe[1], &byte, 1);
    (void)written;
    errno = saved;
}

int firn_watch_signals(const int *signals, int count) {
    if (pipe2(watch_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return -1;
    }
    // Threads of a runtime have most signals blocked, and so have those that they start.
    sigset_t watched;
    sigemptyset(&watched);
    for (int i = 0; i < count; i++) {
        sigaddset(&watched, signals[i]);
        struct sigaction action = {0}, present;
        if (sigaction(signals[i], NULL, &present) != 0) {
            return -1;
        }
        if (present.sa_handler == SIG_IGN && signals[i] != SIGCHLD) {
            continue;
        }
        action.sa_sigaction = note_signal;
        action.sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP;
        sigfillset(&action.sa_mask);
        if (sigaction(signals[i], &action, NULL) != 0) {
            return -1;
        }
    }
    pthread_sigmask(SIG_UNBLOCK, &watched, NULL);
    return watch_pipe[0];
}

void firn_wake_watcher(void) {
    ssize_t written = write(watch_pipe[1], "", 1);
    (void)written;
}

pid_t firn_start_shell(const char *command, char *const *environment) {
    char *const arguments[] = {"sh", "-c", (char *)command, NULL};
    prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0, 0, 0);
    pid_t parent = getpid();
    // The handler must not run in the child, where it would write to the parent's pipe.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child != 0) {
        int error = errno;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        errno = error;
        return child;
    }
    // Other threads of the parent may have held locks: only system calls from here on.
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
            action.sa_handler = SIG_DFL;
            action.sa_flags = 0;
            sigaction(number, &action, NULL);
        }
    }
    // This process ignores it for its own sockets.
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, (unsigned long)SIGTERM, 0, 0, 0);
    // The parent may have ended before that.
    if (getppid() != parent) {
        _exit(143);
    }
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    execve("/bin/sh", arguments, environment);
    _exit(127);
}

// The parent of a process, or -1: the fourth field of its stat, behind a name in parentheses that may contain anything.
static pid_t parent_of(const char *process) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%s/stat", process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -1;
    }
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) {
        return -1;
    }
    text[length] = 0;
    char *end = strrchr(text, ')');
    int parent;
    return end != NULL && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : -1;
}

int firn_children(pid_t *children, int capacity) {
    DIR *processes = opendir("/proc");
    if (processes == NULL) {
        return -1;
    }
    int count = 0;
    pid_t self = getpid();
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || parent_of(entry->d_name) != self) {
            continue;
        }
        if (count < capacity) {
            children[count] = atoi(entry->d_name);
        }
        count++;
    }
    closedir(processes);
    return count;
}

int firn_is_other_than_file(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && !S_ISREG(status.st_mode);
}
