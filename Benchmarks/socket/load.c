// Keeps a fixed number of calls in flight on each of some connections, from one thread, and counts what comes back.
//
//     load --protocol firn|tickets|redis --socket PATH [--connections N] [--in-flight N] [--batch N]
//          [--seconds S] [--warmup S] [--server-pid PID]
//
// Prints one line of key=value. Every answer is checked: it is well formed, it answers a call that is open, it holds as
// many IDs as were asked for, and they lie above all earlier ones of the connection. Anything else ends the program
// with a message and exit code 1.

#include "histogram.h"
#include "protocol.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS_PER_WAKEUP = 64,
    INPUT_CAPACITY = 256 * 1024,
    MAXIMUM_CONNECTIONS = 1024,
    MAXIMUM_IN_FLIGHT = 1024,
    STALL_MILLISECONDS = 5000,
};

struct options {
    const struct protocol *protocol;
    const char *socket;
    unsigned connections, in_flight, batch;
    double seconds, warmup;
    pid_t server;
};

/// One of a connection's open calls. Its IDs go up by the number of slots, so a call's slot is `call_id % in_flight`.
struct slot {
    uint64_t call_id;
    int64_t sent_at;
};

struct connection {
    int fd;
    bool waits_to_send;
    struct slot *slots;
    /// The call that an answer without a call_id belongs to.
    uint64_t oldest_call;
    uint64_t last_id;
    uint8_t *input, *output;
    size_t input_length, output_length, output_sent;
};

static struct options options = {.connections = 1, .in_flight = 1, .seconds = 2, .warmup = 0.3};
static struct histogram latencies;
static uint64_t calls, ids;

_Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static int64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) < 0) fail("clock_gettime: %s", strerror(errno));
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// MARK: Connections

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) fail("out of memory");
    return memory;
}

static void open_connection(struct connection *connection, int epoll) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(options.socket) >= sizeof address.sun_path) fail("%s: too long for a socket's path", options.socket);
    strcpy(address.sun_path, options.socket);
    connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) fail("socket: %s", strerror(errno));
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("%s: %s", options.socket, strerror(errno));
    connection->slots = allocate(options.in_flight, sizeof *connection->slots);
    connection->input = allocate(1, INPUT_CAPACITY);
    connection->output = allocate(options.in_flight, options.protocol->maximum_request);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
}

static void send_output(struct connection *connection, int epoll) {
    uint8_t *from = connection->output + connection->output_sent;
    size_t left = connection->output_length - connection->output_sent;
    ssize_t sent = send(connection->fd, from, left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) fail("send: %s", strerror(errno));
        sent = 0;
    }
    connection->output_sent += (size_t)sent;
    if (connection->output_sent == connection->output_length) connection->output_sent = connection->output_length = 0;
    bool waits = connection->output_length > 0;
    if (waits == connection->waits_to_send) return;
    connection->waits_to_send = waits;
    struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event) < 0) fail("epoll_ctl: %s", strerror(errno));
}

// MARK: Calls

static void put_call(struct connection *connection, struct slot *slot, uint64_t call_id, int64_t now) {
    *slot = (struct slot){call_id, now};
    connection->output_length +=
        options.protocol->put_call(connection->output + connection->output_length, call_id, options.batch);
}

/// Checks one answer, counts it, and puts the slot's next call into the output.
static void answered(struct connection *connection, struct answer *answer, int64_t now) {
    if (!options.protocol->names_calls) answer->call_id = connection->oldest_call++;
    struct slot *slot = &connection->slots[answer->call_id % options.in_flight];
    if (slot->call_id != answer->call_id)
        fail("an answer to call %llu, which is not open", (unsigned long long)answer->call_id);
    uint64_t wanted = options.batch > 0 ? options.batch : 1;
    if (answer->count != wanted)
        fail("%llu IDs instead of %llu", (unsigned long long)answer->count, (unsigned long long)wanted);
    if (answer->first <= connection->last_id)
        fail("ID %llu came after %llu on one connection", (unsigned long long)answer->first,
             (unsigned long long)connection->last_id);
    connection->last_id = answer->last;
    calls++;
    ids += answer->count;
    histogram_add(&latencies, (uint64_t)(now - slot->sent_at));
    put_call(connection, slot, answer->call_id + options.in_flight, now);
}

/// Reads what there is and takes every whole answer. Returns the time.
static int64_t receive(struct connection *connection) {
    size_t space = INPUT_CAPACITY - connection->input_length;
    if (space == 0) fail("an answer of more than %d bytes", INPUT_CAPACITY);
    ssize_t received = recv(connection->fd, connection->input + connection->input_length, space, MSG_DONTWAIT);
    if (received == 0) fail("the server closed a connection");
    int64_t now = nanoseconds(CLOCK_MONOTONIC);
    if (received < 0) {
        if (errno != EAGAIN && errno != EINTR) fail("recv: %s", strerror(errno));
        return now;
    }
    connection->input_length += (size_t)received;

    // What is not sent yet moves to the front: the output has room for as many calls as can be open, and no more.
    if (connection->output_sent > 0) {
        connection->output_length -= connection->output_sent;
        memmove(connection->output, connection->output + connection->output_sent, connection->output_length);
        connection->output_sent = 0;
    }
    size_t used = 0;
    while (used < connection->input_length) {
        struct answer answer;
        size_t length =
            options.protocol->take_answer(connection->input + used, connection->input_length - used, &answer);
        if (length == 0) break;
        used += length;
        answered(connection, &answer, now);
    }
    connection->input_length -= used;
    if (connection->input_length > 0) memmove(connection->input, connection->input + used, connection->input_length);
    return now;
}

/// Keeps all connections busy until the clock says `end`. Returns the time.
static int64_t run_until(int epoll, int64_t end) {
    int64_t now = nanoseconds(CLOCK_MONOTONIC);
    while (now < end) {
        struct epoll_event events[EVENTS_PER_WAKEUP];
        int count = epoll_wait(epoll, events, EVENTS_PER_WAKEUP, STALL_MILLISECONDS);
        if (count == 0) fail("no answer for %d ms", STALL_MILLISECONDS);
        if (count < 0 && errno != EINTR) fail("epoll_wait: %s", strerror(errno));
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (events[index].events & ~(uint32_t)EPOLLOUT) now = receive(connection);
            if (connection->output_length > 0) send_output(connection, epoll);
        }
    }
    return now;
}

// MARK: The program

static double number(const char *name, const char *text, double minimum, double maximum) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value >= minimum && value <= maximum))
        fail("--%s %s: not a number from %g to %g", name, text, minimum, maximum);
    return value;
}

static void parse_options(int argc, char **argv) {
    static const struct option known[] = {
        {"protocol", required_argument, NULL, 'p'}, {"socket", required_argument, NULL, 'u'},
        {"connections", required_argument, NULL, 'c'}, {"in-flight", required_argument, NULL, 'f'},
        {"batch", required_argument, NULL, 'b'}, {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'}, {"server-pid", required_argument, NULL, 'i'}, {0},
    };
    int option, index;
    while ((option = getopt_long(argc, argv, "", known, &index)) >= 0) {
        if (option == '?') exit(64);
        const char *name = known[index].name;
        switch (option) {
        case 'p':
            if (strcmp(optarg, "firn") == 0) options.protocol = &protocol_firn;
            else if (strcmp(optarg, "tickets") == 0) options.protocol = &protocol_tickets;
            else if (strcmp(optarg, "redis") == 0) options.protocol = &protocol_redis;
            else fail("--protocol %s: neither firn, tickets nor redis", optarg);
            break;
        case 'u': options.socket = optarg; break;
        case 'c': options.connections = (unsigned)number(name, optarg, 1, MAXIMUM_CONNECTIONS); break;
        case 'f': options.in_flight = (unsigned)number(name, optarg, 1, MAXIMUM_IN_FLIGHT); break;
        case 'b': options.batch = (unsigned)number(name, optarg, 0, UINT32_MAX); break;
        case 's': options.seconds = number(name, optarg, 0.01, 3600); break;
        case 'w': options.warmup = number(name, optarg, 0, 3600); break;
        case 'i': options.server = (pid_t)number(name, optarg, 1, 1 << 30); break;
        }
    }
    if (options.protocol == NULL || options.socket == NULL || optind < argc)
        fail("usage: load --protocol firn|tickets|redis --socket PATH [options]; they are at the top of load.c");
    if (options.batch > 0 && options.protocol == &protocol_redis) fail("--batch goes with --protocol firn or tickets");
}

int main(int argc, char **argv) {
    parse_options(argc, argv);
    clockid_t server_clock = CLOCK_PROCESS_CPUTIME_ID;
    if (options.server > 0 && clock_getcpuclockid(options.server, &server_clock) != 0)
        fail("--server-pid %d: no such process", (int)options.server);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll_create1: %s", strerror(errno));
    struct connection *connections = allocate(options.connections, sizeof *connections);
    for (unsigned index = 0; index < options.connections; index++) open_connection(&connections[index], epoll);

    int64_t start = nanoseconds(CLOCK_MONOTONIC);
    for (unsigned index = 0; index < options.connections; index++) {
        struct connection *connection = &connections[index];
        connection->oldest_call = options.in_flight;
        for (unsigned slot = 0; slot < options.in_flight; slot++)
            put_call(connection, &connection->slots[slot], options.in_flight + slot, start);
        send_output(connection, epoll);
    }
    start = run_until(epoll, start + (int64_t)(options.warmup * 1e9));
    calls = ids = 0;
    memset(&latencies, 0, sizeof latencies);
    int64_t client_start = nanoseconds(CLOCK_PROCESS_CPUTIME_ID), server_start = nanoseconds(server_clock);

    int64_t end = run_until(epoll, start + (int64_t)(options.seconds * 1e9));
    double client = (double)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - client_start) / 1e3;
    double server = options.server > 0 ? (double)(nanoseconds(server_clock) - server_start) / 1e3 : 0;
    double seconds = (double)(end - start) / 1e9;
    if (calls == 0) fail("no call was answered in %.3f s", seconds);
    printf("calls=%llu ids=%llu seconds=%.6f calls_per_second=%.0f ids_per_second=%.0f p50_us=%.3f p99_us=%.3f "
           "client_cpu_us=%.0f server_cpu_us=%.0f client_cpu_us_per_call=%.4f server_cpu_us_per_call=%.4f\n",
           (unsigned long long)calls, (unsigned long long)ids, seconds, (double)calls / seconds, (double)ids / seconds,
           (double)histogram_quantile(&latencies, 0.5) / 1e3, (double)histogram_quantile(&latencies, 0.99) / 1e3,
           client, server, client / (double)calls, server / (double)calls);
    return 0;
}
