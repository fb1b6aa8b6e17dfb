#include "connection.h"

#include "options.h"
#include "tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { INPUT_CAPACITY = 64 * 1024 };

int64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) < 0) fail("clock_gettime: %s", strerror(errno));
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) fail("out of memory");
    return memory;
}

static int open_socket(void) {
    int fd = address_socket(&options.address, SOCK_CLOEXEC);
    if (fd < 0) fail("socket: %s", strerror(errno));
    if (connect(fd, &options.address.any, options.address.length) < 0) fail("connecting: %s", strerror(errno));
    return fd;
}

void connection_open(struct connection *connection, int epoll) {
    connection->fd = open_socket();
    if (options.authority != NULL) connection->tls = tls_connect(connection->fd, options.authority);
    connection->slots = allocate(options.in_flight, sizeof *connection->slots);
    connection->next_call = connection->oldest_call = options.in_flight;
    connection->input = allocate(1, INPUT_CAPACITY);
    connection->output = allocate(options.in_flight, options.protocol->maximum_request);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
}

void connection_open_idle(struct connection *connection) {
    connection->fd = open_socket();
}

void connection_check_idle(const struct connection *connection) {
    char byte;
    if (recv(connection->fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        fail("the server did not leave an idle connection alone");
}

bool connection_has_room(const struct connection *connection) {
    return connection->slots[connection->next_call % options.in_flight].call_id == 0;
}

void connection_put_call(struct connection *connection, int64_t due) {
    uint64_t call_id = connection->next_call++;
    connection->slots[call_id % options.in_flight] = (struct slot){call_id, due};
    connection->output_length +=
        options.protocol->put_call(connection->output + connection->output_length, call_id, options.batch);
}

static ssize_t send_bytes(struct connection *connection) {
    if (connection->tls != NULL) return tls_send(connection->tls, connection->output, connection->output_length);
    return send(connection->fd, connection->output, connection->output_length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t receive_bytes(struct connection *connection, uint8_t *bytes, size_t space) {
    if (connection->tls != NULL) return tls_receive(connection->tls, bytes, space);
    return recv(connection->fd, bytes, space, MSG_DONTWAIT);
}

void connection_send(struct connection *connection, int epoll) {
    ssize_t sent = send_bytes(connection);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) fail("send: %s", strerror(errno));
        sent = 0;
    }
    // Unsent bytes move to the front: the output has exactly enough room for as many calls as can be open.
    connection->output_length -= (size_t)sent;
    if (connection->output_length > 0 && sent > 0)
        memmove(connection->output, connection->output + sent, connection->output_length);
    bool waits = connection->output_length > 0;
    if (waits == connection->waits_to_send) return;
    connection->waits_to_send = waits;
    struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
}

/// Checks one answer and frees its slot.
static void take_answer(struct connection *connection, struct answer *answer, int64_t now, answered_call answered) {
    if (!options.protocol->names_calls) answer->call_id = connection->oldest_call++;
    struct slot *slot = &connection->slots[answer->call_id % options.in_flight];
    if (answer->call_id == 0 || slot->call_id != answer->call_id)
        fail("an answer to call %llu, which is not open", (unsigned long long)answer->call_id);
    uint64_t wanted = options.batch > 0 ? options.batch : 1;
    if (answer->count != wanted)
        fail("%llu IDs instead of %llu", (unsigned long long)answer->count, (unsigned long long)wanted);
    if (answer->first <= connection->last_id)
        fail("ID %llu came after %llu on one connection", (unsigned long long)answer->first,
             (unsigned long long)connection->last_id);
    connection->last_id = answer->last;
    slot->call_id = 0;
    answered(slot->due, now, answer->count);
}

int64_t connection_receive(struct connection *connection, answered_call answered) {
    size_t space = INPUT_CAPACITY - connection->input_length;
    if (space == 0) fail("an answer of more than %d bytes", INPUT_CAPACITY);
    ssize_t received = receive_bytes(connection, connection->input + connection->input_length, space);
    if (received == 0) fail("the server closed a connection");
    int64_t now = nanoseconds(CLOCK_MONOTONIC);
    if (received < 0) {
        if (errno != EAGAIN && errno != EINTR) fail("recv: %s", strerror(errno));
        return now;
    }
    connection->input_length += (size_t)received;
    size_t used = 0;
    while (used < connection->input_length) {
        struct answer answer;
        size_t length = options.protocol->take_answer(
            connection->input + used, connection->input_length - used, options.batch, &answer);
        if (length == 0) break;
        used += length;
        take_answer(connection, &answer, now, answered);
    }
    connection->input_length -= used;
    if (connection->input_length > 0) memmove(connection->input, connection->input + used, connection->input_length);
    return now;
}
