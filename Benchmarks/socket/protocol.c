#include "protocol.h"

#include "wire.h"

#include <string.h>

static size_t take_firn_answer(const uint8_t *in, size_t length, struct answer *answer) {
    if (length < WIRE_HEADER_LENGTH) return 0;
    size_t whole = WIRE_HEADER_LENGTH + (size_t)wire_get_length(in);
    if (length < whole) return 0;
    struct wire_response response;
    if (!wire_get_response(in + WIRE_HEADER_LENGTH, whole - WIRE_HEADER_LENGTH, &response))
        fail("a frame of %zu bytes is not a well-formed Response", whole);
    if (response.outcome == WIRE_OUTCOME_ERROR)
        fail("the server refused call %llu with code %llu: %s", (unsigned long long)response.call_id,
             (unsigned long long)response.code, response.message);
    if (response.outcome == WIRE_OUTCOME_GO_AWAY) fail("the server said GOAWAY");
    if (!response.rises) fail("the IDs of one batch do not rise");
    *answer = (struct answer){response.call_id, response.count, response.first, response.last};
    return whole;
}

const struct protocol protocol_firn = {
    .name = "firn",
    .names_calls = true,
    .maximum_request = WIRE_MAXIMUM_REQUEST,
    .put_call = wire_put_request,
    .take_answer = take_firn_answer,
};

const struct protocol protocol_tickets = {
    .name = "tickets",
    .names_calls = true,
    .maximum_request = WIRE_MAXIMUM_TICKETS_REQUEST,
    .put_call = wire_put_tickets_request,
    .take_answer = take_firn_answer,
};

static const char redis_call[] = "*2\r\n$4\r\nINCR\r\n$2\r\nid\r\n";

static size_t put_redis_call(uint8_t *out, uint64_t call_id, uint32_t batch) {
    (void)call_id;
    (void)batch;
    memcpy(out, redis_call, sizeof redis_call - 1);
    return sizeof redis_call - 1;
}

/// Reads ":N\r\n".
static size_t take_redis_answer(const uint8_t *in, size_t length, struct answer *answer) {
    const uint8_t *end = memchr(in, '\n', length);
    if (end == NULL) return 0;
    size_t whole = (size_t)(end - in) + 1;
    if (whole < 4 || in[0] != ':' || end[-1] != '\r') fail("redis said: %.*s", (int)whole, (const char *)in);
    uint64_t value = 0;
    for (const uint8_t *digit = in + 1; digit < end - 1; digit++) {
        if (*digit < '0' || *digit > '9') fail("redis said: %.*s", (int)whole, (const char *)in);
        value = value * 10 + (uint64_t)(*digit - '0');
    }
    *answer = (struct answer){.count = 1, .first = value, .last = value};
    return whole;
}

const struct protocol protocol_redis = {
    .name = "redis",
    .names_calls = false,
    .maximum_request = sizeof redis_call - 1,
    .put_call = put_redis_call,
    .take_answer = take_redis_answer,
};
