// The upper bound that firnd is compared with: a minimal C server that answers frames as long as firnd's, from one
// thread, and does nothing else. No limits, no windows, no metrics, and no protobuf except a copy of the call_id.
//
//     reference-server unix:PATH|tcp:ADDRESS:PORT
//
// For each wake-up of a connection: one read, an answer to each complete frame, and one write.

#include "address.h"
#include "wire.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS_PER_WAKEUP = 64,
    INPUT_CAPACITY = 16 * 1024,
    /// A header, call_id, and NextBatchResponse with one run.
    MAXIMUM_ANSWER = WIRE_HEADER_LENGTH + 1 + WIRE_MAXIMUM_VARINT + 2 + 2 + 9 + 6 + 2,
    /// A header, a call_id of one byte, and an empty method.
    MINIMUM_REQUEST = WIRE_HEADER_LENGTH + 2 + 2,
    /// Input is only read when all output was sent, so the answers to a full input buffer always fit.
    OUTPUT_CAPACITY = INPUT_CAPACITY / MINIMUM_REQUEST * MAXIMUM_ANSWER,
};

struct connection {
    int fd;
    size_t input_length, output_length, output_sent;
    uint8_t input[INPUT_CAPACITY];
    uint8_t output[OUTPUT_CAPACITY];
};

static uint64_t next_id = 1;

static _Noreturn void die(const char *what) {
    fprintf(stderr, "reference-server: %s: %s\n", what, strerror(errno));
    exit(1);
}

/// Answers one request without its header. Returns where the next answer goes, or NULL if it is not a request.
static uint8_t *answer(const uint8_t *request, uint32_t length, uint8_t *out) {
    const uint8_t *end = request + length;
    uint64_t call_id, count;
    if (length < MINIMUM_REQUEST - WIRE_HEADER_LENGTH || request[0] != WIRE_CALL_ID) return NULL;
    const uint8_t *method = wire_get_varint(request + 1, end, &call_id);
    if (method == NULL || end - method < 2) return NULL;

    uint8_t *at = out + WIRE_HEADER_LENGTH;
    size_t copied = (size_t)(method - request);
    memcpy(at, request, copied);
    at += copied;
    if (*method == WIRE_NEXT_ID) {
        *at++ = WIRE_NEXT_ID;
        *at++ = 1 + 8;
        *at++ = WIRE_ID;
        at = wire_put_fixed64(at, next_id++);
    } else if (*method == WIRE_NEXT_BATCH && end - method > 3) {
        if (wire_get_varint(method + 3, end, &count) == NULL || count == 0 || count > UINT32_MAX) return NULL;
        *at++ = WIRE_NEXT_BATCH;
        uint8_t *batch = at++;
        *at++ = WIRE_RUN;
        uint8_t *run = at++;
        *at++ = WIRE_RUN_FIRST;
        at = wire_put_fixed64(at, next_id);
        *at++ = WIRE_RUN_COUNT;
        at = wire_put_varint(at, count);
        *at++ = WIRE_RUN_STRIDE;
        *at++ = 1;
        *run = (uint8_t)(at - run - 1);
        *batch = (uint8_t)(at - batch - 1);
        next_id += count;
    } else {
        return NULL;
    }
    wire_put_length(out, (uint32_t)(at - out - WIRE_HEADER_LENGTH));
    return at;
}

/// Answers every complete frame of the input and keeps the rest. Returns false if the peer does not speak the protocol.
static bool answer_all(struct connection *connection) {
    uint8_t *out = connection->output;
    size_t used = 0;
    while (connection->input_length - used >= WIRE_HEADER_LENGTH) {
        const uint8_t *frame = connection->input + used;
        uint32_t length = wire_get_length(frame);
        if (length > INPUT_CAPACITY - WIRE_HEADER_LENGTH) return false;
        if (connection->input_length - used < WIRE_HEADER_LENGTH + length) break;
        out = answer(frame + WIRE_HEADER_LENGTH, length, out);
        if (out == NULL) return false;
        used += WIRE_HEADER_LENGTH + length;
    }
    connection->input_length -= used;
    if (connection->input_length > 0) memmove(connection->input, connection->input + used, connection->input_length);
    connection->output_length = (size_t)(out - connection->output);
    connection->output_sent = 0;
    assert(connection->output_length <= OUTPUT_CAPACITY);
    return true;
}

/// Sends the rest of the output. Returns false if the peer has disconnected.
static bool send_output(struct connection *connection) {
    size_t left = connection->output_length - connection->output_sent;
    if (left == 0) return true;
    ssize_t sent = send(connection->fd, connection->output + connection->output_sent, left, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    connection->output_sent += (size_t)sent;
    return true;
}

static bool has_unsent_output(const struct connection *connection) {
    return connection->output_sent < connection->output_length;
}

/// One wake-up: sends first, and reads only if nothing is left to send. Returns false if the connection has ended.
static bool serve(struct connection *connection) {
    if (has_unsent_output(connection)) {
        if (!send_output(connection)) return false;
        if (has_unsent_output(connection)) return true;
    }
    size_t space = INPUT_CAPACITY - connection->input_length;
    ssize_t received = read(connection->fd, connection->input + connection->input_length, space);
    if (received == 0) return false;
    if (received < 0) return errno == EAGAIN || errno == EINTR;
    connection->input_length += (size_t)received;
    return answer_all(connection) && send_output(connection);
}

static void watch(int epoll, int operation, struct connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) < 0) die("epoll_ctl");
}

static void accept_one(int epoll, int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    struct connection *connection = malloc(sizeof *connection);
    if (connection == NULL) die("malloc");
    connection->fd = fd;
    connection->input_length = connection->output_length = connection->output_sent = 0;
    watch(epoll, EPOLL_CTL_ADD, connection, EPOLLIN);
}

static int listen_at(const char *text) {
    struct address address = {0};
    if (!address_parse(text, &address)) {
        fprintf(stderr, "reference-server: %s: neither unix:PATH nor tcp:ADDRESS:PORT on a loopback address\n", text);
        exit(64);
    }
    int fd = address_socket(&address, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) die("socket");
    if (bind(fd, &address.any, address.length) < 0) die(text);
    if (listen(fd, SOMAXCONN) < 0) die("listen");
    return fd;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: reference-server unix:PATH|tcp:ADDRESS:PORT\n");
        return 64;
    }
    int listener = listen_at(argv[1]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) die("epoll_create1");
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0) die("epoll_ctl");

    for (;;) {
        struct epoll_event events[EVENTS_PER_WAKEUP];
        int count = epoll_wait(epoll, events, EVENTS_PER_WAKEUP, -1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection == NULL) {
                accept_one(epoll, listener);
                continue;
            }
            bool waited = has_unsent_output(connection);
            if (!serve(connection)) {
                close(connection->fd);
                free(connection);
                continue;
            }
            bool waits = has_unsent_output(connection);
            if (waits != waited) watch(epoll, EPOLL_CTL_MOD, connection, waits ? EPOLLOUT : EPOLLIN);
        }
    }
}
