// Measures how long a daemon takes from exec to its first ID, and stops it.
//
//     first-id SOCKET COMMAND [ARGUMENT …]
//
// Starts COMMAND, tries SOCKET until a NextID is answered, and prints the milliseconds since exec.

#include "wire.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int64_t patience = 10LL * 1000 * 1000 * 1000;
static const struct timespec pause_between_tries = {.tv_nsec = 100 * 1000};
static const int64_t millisecond = 1000 * 1000;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/// Waits until the child has exited. Returns whether it did within the time.
static bool ended(pid_t child, int64_t wait) {
    for (int64_t start = now();;) {
        if (waitpid(child, NULL, WNOHANG) == child) return true;
        if (now() - start >= wait) return false;
        nanosleep(&pause_between_tries, NULL);
    }
}

/// Requests one ID and waits for the answer. Returns NULL if it arrived, otherwise an error message.
static const char *take_id(int fd) {
    uint8_t request[WIRE_MAXIMUM_REQUEST], answer[512];
    size_t length = wire_put_request(request, 1, 0), received = 0;
    if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) return "the request could not be sent";
    for (;;) {
        ssize_t count = read(fd, answer + received, sizeof answer - received);
        if (count <= 0) return "the connection ended before the answer";
        received += (size_t)count;
        if (received < WIRE_HEADER_LENGTH) continue;
        size_t message = wire_get_length(answer);
        if (message > sizeof answer - WIRE_HEADER_LENGTH) return "the answer is too long";
        if (received < WIRE_HEADER_LENGTH + message) continue;
        static struct wire_response response;
        if (!wire_get_response(answer + WIRE_HEADER_LENGTH, message, &response)) return "the answer is not well formed";
        if (response.outcome == WIRE_OUTCOME_ERROR) return response.message;
        return response.outcome == WIRE_OUTCOME_IDS && response.call_id == 1 && response.count == 1
                   ? NULL : "the answer is not one ID";
    }
}

/// Retries until the daemon answers. Returns NULL if it did, otherwise an error message.
static const char *await_first_id(const struct sockaddr_un *address, pid_t child) {
    int64_t start = now();
    const char *trouble = "nothing listened for 10 s";
    while (now() - start < patience) {
        if (ended(child, 0)) {
            fputs("first-id: the daemon ended before its first ID\n", stderr);
            exit(1);
        }
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) return strerror(errno);
        if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
            struct timeval limit = {.tv_sec = 10};
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            trouble = take_id(fd);
        }
        close(fd);
        if (trouble == NULL) return NULL;
        nanosleep(&pause_between_tries, NULL);
    }
    return trouble;
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path) {
        fprintf(stderr, "usage: first-id SOCKET COMMAND [ARGUMENT …]\n");
        return 64;
    }
    strcpy(address.sun_path, argv[1]);
    int64_t *exec_at = mmap(NULL, sizeof *exec_at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (exec_at == MAP_FAILED) return perror("first-id: mmap"), 1;
    pid_t child = fork();
    if (child < 0) return perror("first-id: fork"), 1;
    if (child == 0) {
        *exec_at = now();
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    const char *trouble = await_first_id(&address, child);
    int64_t end = now();
    kill(child, SIGTERM);
    if (!ended(child, 5000 * millisecond)) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        fprintf(stderr, "first-id: the daemon did not stop within 5 s of SIGTERM and was killed\n");
    }
    if (trouble != NULL) {
        fprintf(stderr, "first-id: %s\n", trouble);
        return 1;
    }
    printf("first_id_ms=%.3f\n", (double)(end - *exec_at) / (double)millisecond);
    return 0;
}
