// Keeps calls in flight on several connections, from one thread, and counts the answers.
//
//     load --protocol firn|tickets|redis|memcached|http --address unix:PATH|tcp:ADDRESS:PORT [--connections N]
//          [--in-flight N] [--batch N] [--idle N] [--rate R] [--seconds S] [--warmup S] [--server-pid PID]
//          [--histogram FILE] [--authority FILE]
//
// Without --rate each connection always has --in-flight calls open: this measures the highest rate. With --rate a call
// is due every 1/R s, whether or not earlier ones are answered, and its latency counts from that time. If no connection
// has room for it (each holds --in-flight calls), the call waits, and the wait is part of its latency. So if a server
// stalls, the stall counts in the latency of all calls that were due meanwhile. --idle connections are opened in
// addition and send nothing. With --authority the connections have TLS, and the server's certificate must be signed by one of
// the file.
//
// Prints one line of key=value. Every answer is checked: it must be well-formed, belong to an open call, and have as
// many IDs as requested, all of them above all earlier ones of the connection. On any violation the program exits with
// a message and exit code 1.

#include "connection.h"
#include "histogram.h"
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

enum { EVENTS_PER_WAKEUP = 64, STALL_MILLISECONDS = 5000 };

static struct connection *connections, *idle;
static int epoll;
static struct histogram latencies, lateness;
/// Calls that were due before this are not counted.
static int64_t counted_from;
static uint64_t calls, ids, open_calls;
/// CPU times at the start of the count, in nanoseconds.
static clockid_t server_clock = CLOCK_PROCESS_CPUTIME_ID;
static int64_t client_start, server_start;

_Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

/// Resets the counters after the warm-up.
static void begin_counting(void) {
    calls = ids = 0;
    memset(&latencies, 0, sizeof latencies);
    client_start = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    server_start = nanoseconds(server_clock);
}

static void count_call(int64_t due, int64_t now, uint64_t count) {
    open_calls--;
    if (due < counted_from) return;
    calls++;
    ids += count;
    histogram_add(&latencies, (uint64_t)(now - due));
}

/// Waits for events, at most `patience`. The program exits if none arrive for longer than the stall limit.
static int await_events(struct epoll_event *events, int64_t patience) {
    int64_t limit = (int64_t)STALL_MILLISECONDS * 1000000;
    if (patience > limit) patience = limit;
    struct timespec time = {.tv_sec = patience / 1000000000, .tv_nsec = patience % 1000000000};
    int count = epoll_pwait2(epoll, events, EVENTS_PER_WAKEUP, &time, NULL);
    if (count == 0 && patience == limit) fail("no answer for %d ms", STALL_MILLISECONDS);
    if (count < 0 && errno != EINTR) fail("epoll_pwait2: %s", strerror(errno));
    return count;
}

// MARK: Closed loop: as many calls as there is room for

static void fill(struct connection *connection, int64_t now) {
    while (connection_has_room(connection)) {
        connection_put_call(connection, now);
        open_calls++;
    }
    if (connection->output_length > 0) connection_send(connection, epoll);
}

/// Keeps all connections busy until the time `end`. Returns the time.
static int64_t run_closed(int64_t end) {
    int64_t now = nanoseconds(CLOCK_MONOTONIC);
    while (now < end) {
        struct epoll_event events[EVENTS_PER_WAKEUP];
        int count = await_events(events, INT64_MAX);
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (events[index].events & ~(uint32_t)EPOLLOUT) now = connection_receive(connection, count_call);
            fill(connection, now);
        }
    }
    return now;
}

// MARK: Open loop: calls that are due at fixed times

/// The connections with room in a queue, so that calls are spread over all of them.
static struct connection **line;
static unsigned line_first, line_length;

static void stand_in_line(struct connection *connection) {
    if (connection->in_line || !connection_has_room(connection)) return;
    connection->in_line = true;
    line[(line_first + line_length++) % options.connections] = connection;
}

/// The time of the n-th call. Computed from the start each time, so that errors do not accumulate.
static int64_t due_time(int64_t start, uint64_t call) {
    return start + (int64_t)((double)call * 1e9 / options.rate);
}

/// Writes and sends the calls that are due. Returns the number of the first call that is left.
static uint64_t dispatch(int64_t start, int64_t end, uint64_t call, int64_t now) {
    static struct connection **written;
    if (written == NULL) written = allocate(options.connections, sizeof *written);
    unsigned count = 0;
    for (;; call++) {
        int64_t due = due_time(start, call);
        if (due > now || due >= end || line_length == 0) break;
        struct connection *connection = line[line_first];
        line_first = (line_first + 1) % options.connections;
        line_length--;
        connection->in_line = false;
        if (connection->output_length == 0) written[count++] = connection;
        connection_put_call(connection, due);
        open_calls++;
        if (due >= counted_from) histogram_add(&lateness, (uint64_t)(now - due));
        stand_in_line(connection);
    }
    for (unsigned index = 0; index < count; index++) connection_send(written[index], epoll);
    return call;
}

/// Makes the calls that are due from `start` to `end`, and waits for the answers. Returns the time of the last answer.
static int64_t run_open(int64_t start, int64_t end) {
    line = allocate(options.connections, sizeof *line);
    for (unsigned index = 0; index < options.connections; index++) stand_in_line(&connections[index]);
    int64_t now = nanoseconds(CLOCK_MONOTONIC);
    uint64_t call = 0;
    bool counting = false;
    while (due_time(start, call) < end || open_calls > 0) {
        call = dispatch(start, end, call, now);
        int64_t due = due_time(start, call), patience = INT64_MAX;
        if (line_length > 0 && due < end) patience = due > now ? due - now : 0;
        struct epoll_event events[EVENTS_PER_WAKEUP];
        int count = await_events(events, patience);
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (events[index].events & ~(uint32_t)EPOLLOUT) connection_receive(connection, count_call);
            if (connection->output_length > 0) connection_send(connection, epoll);
            stand_in_line(connection);
        }
        now = nanoseconds(CLOCK_MONOTONIC);
        if (!counting && now >= counted_from) {
            begin_counting();
            counting = true;
        }
    }
    return now;
}

// MARK: The program

static void open_all(void) {
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll_create1: %s", strerror(errno));
    connections = allocate(options.connections, sizeof *connections);
    for (unsigned index = 0; index < options.connections; index++) connection_open(&connections[index], epoll);
    idle = allocate(options.idle + 1, sizeof *idle);
    for (unsigned index = 0; index < options.idle; index++) connection_open_idle(&idle[index]);
}

static double microseconds(const struct histogram *histogram, double fraction) {
    return (double)histogram_quantile(histogram, fraction) / 1e3;
}

static void report(double seconds, double client, double server) {
    if (calls == 0) fail("no call was answered in %.3f s", seconds);
    printf("calls=%llu ids=%llu seconds=%.6f calls_per_second=%.0f ids_per_second=%.0f p50_us=%.3f p99_us=%.3f "
           "client_cpu_us=%.0f server_cpu_us=%.0f client_cpu_us_per_call=%.4f server_cpu_us_per_call=%.4f",
           (unsigned long long)calls, (unsigned long long)ids, seconds, (double)calls / seconds, (double)ids / seconds,
           microseconds(&latencies, 0.5), microseconds(&latencies, 0.99), client, server, client / (double)calls,
           server / (double)calls);
    if (options.rate > 0) printf(" sent_late_p99_us=%.3f", microseconds(&lateness, 0.99));
    putchar('\n');
    if (options.histogram == NULL) return;
    FILE *file = fopen(options.histogram, "w");
    if (file == NULL) fail("%s: %s", options.histogram, strerror(errno));
    histogram_write(&latencies, file);
    if (fclose(file) != 0) fail("%s: %s", options.histogram, strerror(errno));
}

int main(int argc, char **argv) {
    options_parse(argc, argv);
    if (options.server > 0 && clock_getcpuclockid(options.server, &server_clock) != 0)
        fail("--server-pid %d: no such process", (int)options.server);
    // By default the kernel wakes a process up to 50 µs late.
    if (options.rate > 0 && prctl(PR_SET_TIMERSLACK, 1UL) < 0) fail("prctl: %s", strerror(errno));
    open_all();

    int64_t start = nanoseconds(CLOCK_MONOTONIC), end;
    int64_t warmup = (int64_t)(options.warmup * 1e9), measured = (int64_t)(options.seconds * 1e9);
    if (options.rate > 0) {
        counted_from = start + warmup;
        end = run_open(start, counted_from + measured);
        start = counted_from;
    } else {
        for (unsigned index = 0; index < options.connections; index++) fill(&connections[index], start);
        start = run_closed(start + warmup);
        begin_counting();
        end = run_closed(start + measured);
    }
    double client = (double)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - client_start) / 1e3;
    double server = options.server > 0 ? (double)(nanoseconds(server_clock) - server_start) / 1e3 : 0;
    for (unsigned index = 0; index < options.idle; index++) connection_check_idle(&idle[index]);
    report((double)(end - start) / 1e9, client, server);
    return 0;
}
