// The requests to a server and its answers: the only part that differs between the measured servers.

#ifndef FIRN_BENCHMARK_PROTOCOL_H
#define FIRN_BENCHMARK_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer {
    /// The call that is answered; only for a protocol with `names_calls`.
    uint64_t call_id;
    /// The number of IDs, the lowest and the highest.
    uint64_t count, first, last;
};

struct protocol {
    const char *name;
    /// Whether an answer contains its call's ID. Otherwise answers arrive in the order of the calls.
    bool names_calls;
    size_t maximum_request;
    /// Writes a call for one ID, or for `batch` IDs if that is not 0. Returns its length.
    size_t (*put_call)(uint8_t *out, uint64_t call_id, uint32_t batch);
    /// Parses one answer to a call for `batch`. Returns its length; 0 if it is not complete yet. Exits if it is not a
    /// valid answer.
    size_t (*take_answer)(const uint8_t *in, size_t length, uint32_t batch, struct answer *answer);
};

extern const struct protocol protocol_firn, protocol_tickets, protocol_redis, protocol_memcached, protocol_http;

/// The protocol with that name, or NULL.
const struct protocol *protocol_named(const char *name);

/// Prints an error message and exits.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
