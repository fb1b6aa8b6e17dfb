// What the load generator was told on its command line.

#ifndef FIRN_BENCHMARK_OPTIONS_H
#define FIRN_BENCHMARK_OPTIONS_H

#include "address.h"
#include "protocol.h"

#include <sys/types.h>

struct options {
    const struct protocol *protocol;
    struct address address;
    unsigned connections, in_flight, batch, idle;
    /// Calls per second on all connections together, each due at its time; 0 keeps all of them in flight at all times.
    double rate;
    double seconds, warmup;
    pid_t server;
    /// Where the latencies go, each bucket a line; NULL for nowhere.
    const char *histogram;
};

extern struct options options;

/// Reads the command line into `options`, or says what is wrong with it and ends the program.
void options_parse(int argc, char **argv);

#endif
