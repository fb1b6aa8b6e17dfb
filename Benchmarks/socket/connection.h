// One connection of the load generator: its open calls, its unsent bytes, and its received bytes.

#ifndef FIRN_BENCHMARK_CONNECTION_H
#define FIRN_BENCHMARK_CONNECTION_H

#include "protocol.h"

#include <time.h>

/// An open call; a slot with a call_id of 0 is free. A call's slot is `call_id % in_flight`.
struct slot {
    uint64_t call_id;
    /// When the call was due. Without a rate it is due when the previous call in its slot was answered.
    int64_t due;
};

struct connection {
    int fd;
    /// NULL without TLS.
    void *tls;
    bool waits_to_send;
    /// Whether it is in the queue of connections that can take a call.
    bool in_line;
    struct slot *slots;
    uint64_t next_call;
    /// The call that an answer without a call_id belongs to.
    uint64_t oldest_call;
    uint64_t last_id;
    uint8_t *input, *output;
    size_t input_length, output_length;
};

/// Called for an answered call: when it was due, when its answer was read, and how many IDs it returned.
typedef void (*answered_call)(int64_t due, int64_t now, uint64_t count);

/// Connects, and adds it to `epoll`. An idle connection is not added and cannot hold calls.
void connection_open(struct connection *connection, int epoll);
void connection_open_idle(struct connection *connection);

/// Exits if an idle connection was closed or received data.
void connection_check_idle(const struct connection *connection);

/// Whether it can take one more call.
bool connection_has_room(const struct connection *connection);

/// Writes a call to the output, which must have room.
void connection_put_call(struct connection *connection, int64_t due);

void connection_send(struct connection *connection, int epoll);

/// Reads the available bytes and takes every complete answer. Returns the time.
int64_t connection_receive(struct connection *connection, answered_call answered);

/// The time of a clock in nanoseconds.
int64_t nanoseconds(clockid_t clock);

/// Zeroed memory; exits if there is none.
void *allocate(size_t count, size_t size);

#endif
