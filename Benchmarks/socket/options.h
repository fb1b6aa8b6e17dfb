// The load generator's command line options.

#ifndef FIRN_BENCHMARK_OPTIONS_H
#define FIRN_BENCHMARK_OPTIONS_H

#include "address.h"
#include "protocol.h"

#include <sys/types.h>

struct options {
    const struct protocol *protocol;
    struct address address;
    unsigned connections, in_flight, batch, idle;
    /// Calls per second on all connections together, each due at a fixed time; with 0 all of them are always in flight.
    double rate;
    double seconds, warmup;
    pid_t server;
    /// The file with the authorities of the server's certificate; NULL: no TLS.
    const char *authority;
    /// The file for the latencies, with one line per bucket; NULL for none.
    const char *histogram;
};

extern struct options options;

/// Parses the command line into `options`, or prints an error message and exits.
void options_parse(int argc, char **argv);

#endif
