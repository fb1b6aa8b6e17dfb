// Firn's wire format, encoded by hand: a 4-byte big-endian length, then a protobuf message. Only what the benchmark
// uses.
//
// Nothing here reads or writes past the given end.

#ifndef FIRN_BENCHMARK_WIRE_H
#define FIRN_BENCHMARK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_HEADER_LENGTH = 4,
    WIRE_MAXIMUM_VARINT = 10,
    /// A header, `call_id`, and NextBatchRequest with its count.
    WIRE_MAXIMUM_REQUEST = WIRE_HEADER_LENGTH + 1 + WIRE_MAXIMUM_VARINT + 2 + 1 + 5,
    /// The same for NextTicketsRequest, with the sequence "benchmark".
    WIRE_MAXIMUM_TICKETS_REQUEST = WIRE_HEADER_LENGTH + 1 + WIRE_MAXIMUM_VARINT + 2 + 2 + sizeof "benchmark" + 1 + 5,
    /// The longest kept text of a Status.
    WIRE_MAXIMUM_MESSAGE = 255,
};

/// The first byte of a field: its number and its type.
enum wire_tag {
    WIRE_CALL_ID = 1 << 3 | 0,
    WIRE_ERROR = 2 << 3 | 2,
    WIRE_NEXT_ID = 3 << 3 | 2,
    WIRE_NEXT_BATCH = 4 << 3 | 2,
    WIRE_NEXT_TICKETS = 5 << 3 | 2,
    WIRE_GO_AWAY = 8 << 3 | 2,
    WIRE_STATUS_CODE = 1 << 3 | 0,
    WIRE_STATUS_MESSAGE = 2 << 3 | 2,
    WIRE_ID = 1 << 3 | 1,
    WIRE_RUN = 1 << 3 | 2,
    WIRE_COUNT = 1 << 3 | 0,
    WIRE_TICKETS_SEQUENCE = 1 << 3 | 2,
    WIRE_TICKETS_COUNT = 2 << 3 | 0,
    WIRE_RUN_FIRST = 1 << 3 | 1,
    WIRE_RUN_COUNT = 2 << 3 | 0,
    WIRE_RUN_STRIDE = 3 << 3 | 0,
};

enum wire_outcome { WIRE_OUTCOME_NONE, WIRE_OUTCOME_IDS, WIRE_OUTCOME_ERROR, WIRE_OUTCOME_GO_AWAY };

/// An answer, with the parts that the benchmark checks.
struct wire_response {
    uint64_t call_id;
    enum wire_outcome outcome;
    /// The number of IDs, the lowest and the highest.
    uint64_t count, first, last;
    /// Whether every ID is above the one before it.
    bool rises;
    uint64_t code;
    char message[WIRE_MAXIMUM_MESSAGE + 1];
};

/// Writes a varint of at most WIRE_MAXIMUM_VARINT bytes; returns where the next byte goes.
static inline uint8_t *wire_put_varint(uint8_t *out, uint64_t value) {
    while (value >= 0x80) {
        *out++ = (uint8_t)value | 0x80;
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

/// Parses a varint that ends before `end`; returns its end, or NULL if it is truncated or too long.
static inline const uint8_t *wire_get_varint(const uint8_t *in, const uint8_t *end, uint64_t *value) {
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64 && in < end; shift += 7) {
        uint8_t byte = *in++;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = result;
            return in;
        }
    }
    return NULL;
}

static inline void wire_put_length(uint8_t *out, uint32_t length) {
    out[0] = (uint8_t)(length >> 24);
    out[1] = (uint8_t)(length >> 16);
    out[2] = (uint8_t)(length >> 8);
    out[3] = (uint8_t)length;
}

static inline uint32_t wire_get_length(const uint8_t *in) {
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static inline uint8_t *wire_put_fixed64(uint8_t *out, uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8) *out++ = (uint8_t)(value >> shift);
    return out;
}

/// Writes a framed NextIDRequest, or a NextBatchRequest if `batch` is not 0, of at most WIRE_MAXIMUM_REQUEST bytes.
/// Returns its length.
size_t wire_put_request(uint8_t *out, uint64_t call_id, uint32_t batch);

/// Writes a framed request for `count` tickets of the sequence "benchmark", or for one if that is 0. Returns its
/// length.
size_t wire_put_tickets_request(uint8_t *out, uint64_t call_id, uint32_t count);

/// Parses a Response without its header. Returns whether it is well-formed.
bool wire_get_response(const uint8_t *in, size_t length, struct wire_response *response);

#endif
