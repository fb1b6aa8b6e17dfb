#include "protocol.h"

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t take_firn_answer(const uint8_t *in, size_t length, uint32_t batch, struct answer *answer) {
    (void)batch;
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

/// Parses the digits from `in` to `end` into an answer of `batch` IDs that end with that number.
/// Exits if there is anything but digits.
static void read_counter(const uint8_t *in, const uint8_t *end, uint32_t batch, const char *who, struct answer *answer) {
    uint64_t value = 0, count = batch > 0 ? batch : 1;
    bool good = in < end;
    for (const uint8_t *digit = in; digit < end; digit++) {
        if (*digit < '0' || *digit > '9') good = false;
        value = value * 10 + (uint64_t)(*digit - '0');
    }
    if (!good) fail("%s said: %.*s", who, (int)(end - in), (const char *)in);
    *answer = (struct answer){.count = count, .first = value - count + 1, .last = value};
}

/// The end of a line, without its CR LF; NULL if it is not complete yet.
static const uint8_t *line_end(const uint8_t *in, size_t length) {
    const uint8_t *end = memchr(in, '\n', length);
    if (end == NULL) return NULL;
    if (end == in || end[-1] != '\r') fail("a line ends without CR: %.*s", (int)(end - in), (const char *)in);
    return end - 1;
}

// MARK: Redis: INCR, and INCRBY for a batch

static size_t put_redis_call(uint8_t *out, uint64_t call_id, uint32_t batch) {
    static const char call[] = "*2\r\n$4\r\nINCR\r\n$2\r\nid\r\n";
    (void)call_id;
    if (batch == 0) {
        memcpy(out, call, sizeof call - 1);
        return sizeof call - 1;
    }
    char digits[12];
    int length = snprintf(digits, sizeof digits, "%u", batch);
    return (size_t)sprintf((char *)out, "*3\r\n$6\r\nINCRBY\r\n$2\r\nid\r\n$%d\r\n%s\r\n", length, digits);
}

/// Reads ":N\r\n".
static size_t take_redis_answer(const uint8_t *in, size_t length, uint32_t batch, struct answer *answer) {
    const uint8_t *end = line_end(in, length);
    if (end == NULL) return 0;
    if (in[0] != ':') fail("redis said: %.*s", (int)(end - in), (const char *)in);
    read_counter(in + 1, end, batch, "redis", answer);
    return (size_t)(end - in) + 2;
}

const struct protocol protocol_redis = {
    .name = "redis",
    .names_calls = false,
    .maximum_request = 64,
    .put_call = put_redis_call,
    .take_answer = take_redis_answer,
};

// MARK: memcached: incr of an existing key

static size_t put_memcached_call(uint8_t *out, uint64_t call_id, uint32_t batch) {
    static const char call[] = "incr id 1\r\n";
    (void)call_id;
    if (batch > 0) return (size_t)sprintf((char *)out, "incr id %u\r\n", batch);
    memcpy(out, call, sizeof call - 1);
    return sizeof call - 1;
}

static size_t take_memcached_answer(const uint8_t *in, size_t length, uint32_t batch, struct answer *answer) {
    const uint8_t *end = line_end(in, length);
    if (end == NULL) return 0;
    read_counter(in, end, batch, "memcached", answer);
    return (size_t)(end - in) + 2;
}

const struct protocol protocol_memcached = {
    .name = "memcached",
    .names_calls = false,
    .maximum_request = 32,
    .put_call = put_memcached_call,
    .take_answer = take_memcached_answer,
};

// MARK: HTTP: GET / of a service that answers {"id":"N"}

static size_t put_http_call(uint8_t *out, uint64_t call_id, uint32_t batch) {
    static const char call[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    (void)call_id;
    (void)batch;
    memcpy(out, call, sizeof call - 1);
    return sizeof call - 1;
}

/// Parses a 200 with a content length, and the single number in its body.
static size_t take_http_answer(const uint8_t *in, size_t length, uint32_t batch, struct answer *answer) {
    static const char good[] = "HTTP/1.1 200 ", name[] = "\r\ncontent-length:";
    const uint8_t *head = memmem(in, length, "\r\n\r\n", 4);
    if (head == NULL) return 0;
    if (memcmp(in, good, sizeof good - 1) != 0) fail("HTTP said: %.*s", (int)(head - in), (const char *)in);
    size_t body_length = 0;
    for (const uint8_t *at = in; at < head; at++) {
        if (strncasecmp((const char *)at, name, sizeof name - 1) != 0) continue;
        body_length = strtoul((const char *)at + sizeof name - 1, NULL, 10);
        break;
    }
    const uint8_t *body = head + 4, *end = body + body_length;
    if (body_length == 0) fail("HTTP gave no length: %.*s", (int)(head - in), (const char *)in);
    if (body_length > length - (size_t)(body - in)) return 0;
    while (body < end && (*body < '0' || *body > '9')) body++;
    const uint8_t *digits = body;
    while (body < end && *body >= '0' && *body <= '9') body++;
    read_counter(digits, body, batch, "HTTP", answer);
    return (size_t)(end - in);
}

const struct protocol protocol_http = {
    .name = "http",
    .names_calls = false,
    .maximum_request = 64,
    .put_call = put_http_call,
    .take_answer = take_http_answer,
};

// MARK: Lookup by name

const struct protocol *protocol_named(const char *name) {
    static const struct protocol *const all[] = {
        &protocol_firn, &protocol_tickets, &protocol_redis, &protocol_memcached, &protocol_http,
    };
    for (size_t index = 0; index < sizeof all / sizeof *all; index++)
        if (strcmp(all[index]->name, name) == 0) return all[index];
    return NULL;
}
