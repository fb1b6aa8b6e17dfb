#include "wire.h"

#include <string.h>

size_t wire_put_request(uint8_t *out, uint64_t call_id, uint32_t batch) {
    uint8_t *at = out + WIRE_HEADER_LENGTH;
    *at++ = WIRE_CALL_ID;
    at = wire_put_varint(at, call_id);
    if (batch == 0) {
        *at++ = WIRE_NEXT_ID;
        *at++ = 0;
    } else {
        *at++ = WIRE_NEXT_BATCH;
        uint8_t *length = at++;
        *at++ = WIRE_COUNT;
        at = wire_put_varint(at, batch);
        *length = (uint8_t)(at - length - 1);
    }
    wire_put_length(out, (uint32_t)(at - out - WIRE_HEADER_LENGTH));
    return (size_t)(at - out);
}

size_t wire_put_tickets_request(uint8_t *out, uint64_t call_id, uint32_t count) {
    static const char sequence[] = "benchmark";
    uint8_t *at = out + WIRE_HEADER_LENGTH;
    *at++ = WIRE_CALL_ID;
    at = wire_put_varint(at, call_id);
    *at++ = WIRE_NEXT_TICKETS;
    uint8_t *length = at++;
    *at++ = WIRE_TICKETS_SEQUENCE;
    *at++ = sizeof sequence - 1;
    memcpy(at, sequence, sizeof sequence - 1);
    at += sizeof sequence - 1;
    *at++ = WIRE_TICKETS_COUNT;
    at = wire_put_varint(at, count == 0 ? 1 : count);
    *length = (uint8_t)(at - length - 1);
    wire_put_length(out, (uint32_t)(at - out - WIRE_HEADER_LENGTH));
    return (size_t)(at - out);
}

/// One field of a message: a number, or bytes.
struct field {
    uint64_t tag;
    uint64_t number;
    const uint8_t *bytes;
    size_t length;
};

/// Parses the next field; returns its end, or NULL if it is not well-formed.
static const uint8_t *get_field(const uint8_t *in, const uint8_t *end, struct field *field) {
    uint64_t length;
    in = wire_get_varint(in, end, &field->tag);
    if (in == NULL) return NULL;
    switch (field->tag & 7) {
    case 0: return wire_get_varint(in, end, &field->number);
    case 1:
        if (end - in < 8) return NULL;
        field->number = 0;
        for (unsigned byte = 0; byte < 8; byte++) field->number |= (uint64_t)in[byte] << (8 * byte);
        return in + 8;
    case 2:
        in = wire_get_varint(in, end, &length);
        if (in == NULL || length > (uint64_t)(end - in)) return NULL;
        field->bytes = in;
        field->length = (size_t)length;
        return in + length;
    default: return NULL; // Firn has no other types.
    }
}

static bool get_status(const uint8_t *in, const uint8_t *end, struct wire_response *response) {
    struct field field;
    while (in < end) {
        in = get_field(in, end, &field);
        if (in == NULL) return false;
        if (field.tag == WIRE_STATUS_CODE) response->code = field.number;
        if (field.tag == WIRE_STATUS_MESSAGE) {
            size_t length = field.length < WIRE_MAXIMUM_MESSAGE ? field.length : WIRE_MAXIMUM_MESSAGE;
            memcpy(response->message, field.bytes, length);
            response->message[length] = 0;
        }
    }
    return true;
}

static bool get_next_id(const uint8_t *in, const uint8_t *end, struct wire_response *response) {
    struct field field;
    while (in < end) {
        in = get_field(in, end, &field);
        if (in == NULL) return false;
        if (field.tag != WIRE_ID) continue;
        response->count = 1;
        response->first = response->last = field.number;
    }
    return true;
}

static bool get_run(const uint8_t *in, const uint8_t *end, struct wire_response *response) {
    uint64_t first = 0, count = 0, stride = 0;
    struct field field;
    while (in < end) {
        in = get_field(in, end, &field);
        if (in == NULL) return false;
        if (field.tag == WIRE_RUN_FIRST) first = field.number;
        if (field.tag == WIRE_RUN_COUNT) count = field.number;
        if (field.tag == WIRE_RUN_STRIDE) stride = field.number;
    }
    if (count == 0 || count > UINT32_MAX) return false;
    uint64_t last, span;
    if (__builtin_mul_overflow(count - 1, stride, &span) || __builtin_add_overflow(first, span, &last)) return false;
    if (count > 1 && stride == 0) response->rises = false;
    if (response->count == 0) response->first = first;
    else if (first <= response->last) response->rises = false;
    response->count += count;
    response->last = last;
    return true;
}

static bool get_next_batch(const uint8_t *in, const uint8_t *end, struct wire_response *response) {
    struct field field;
    while (in < end) {
        in = get_field(in, end, &field);
        if (in == NULL) return false;
        if (field.tag == WIRE_RUN && !get_run(field.bytes, field.bytes + field.length, response)) return false;
    }
    return true;
}

bool wire_get_response(const uint8_t *in, size_t length, struct wire_response *response) {
    const uint8_t *end = in + length;
    struct field field;
    response->call_id = 0;
    response->outcome = WIRE_OUTCOME_NONE;
    response->count = response->first = response->last = response->code = 0;
    response->rises = true;
    response->message[0] = 0;
    while (in < end) {
        in = get_field(in, end, &field);
        if (in == NULL) return false;
        switch (field.tag) {
        case WIRE_CALL_ID: response->call_id = field.number; break;
        case WIRE_NEXT_ID:
            response->outcome = WIRE_OUTCOME_IDS;
            if (!get_next_id(field.bytes, field.bytes + field.length, response)) return false;
            break;
        case WIRE_NEXT_BATCH:
        case WIRE_NEXT_TICKETS: // The same runs.
            response->outcome = WIRE_OUTCOME_IDS;
            if (!get_next_batch(field.bytes, field.bytes + field.length, response)) return false;
            break;
        case WIRE_ERROR:
            response->outcome = WIRE_OUTCOME_ERROR;
            if (!get_status(field.bytes, field.bytes + field.length, response)) return false;
            break;
        case WIRE_GO_AWAY: response->outcome = WIRE_OUTCOME_GO_AWAY; break;
        default: break;
        }
    }
    return response->outcome != WIRE_OUTCOME_NONE;
}
