// What the load generator says to a target, and what it hears: the only part that differs between targets.

#ifndef FIRN_BENCHMARK_PROTOCOL_H
#define FIRN_BENCHMARK_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer {
    /// The call that is answered; only of a protocol that `names_calls`.
    uint64_t call_id;
    /// The number of IDs, the lowest and the highest.
    uint64_t count, first, last;
};

struct protocol {
    const char *name;
    /// Whether an answer names its call. Otherwise answers come in the order of the calls.
    bool names_calls;
    size_t maximum_request;
    /// Writes a call for one ID, or for `batch` when that is not 0. Returns its length.
    size_t (*put_call)(uint8_t *out, uint64_t call_id, uint32_t batch);
    /// Reads one answer to a call for `batch`. Returns its length; 0 when it is not whole yet. Ends the program when it is
    /// no good answer.
    size_t (*take_answer)(const uint8_t *in, size_t length, uint32_t batch, struct answer *answer);
};

extern const struct protocol protocol_firn, protocol_tickets, protocol_redis, protocol_memcached, protocol_http;

/// The protocol of that name, or NULL.
const struct protocol *protocol_named(const char *name);

/// Says what is wrong and ends the program.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
