#include "options.h"

#include <getopt.h>
#include <stdlib.h>

enum { MAXIMUM_CONNECTIONS = 16384, MAXIMUM_IN_FLIGHT = 1024 };

struct options options = {.connections = 1, .in_flight = 1, .seconds = 2, .warmup = 0.3};

static double number(const char *name, const char *text, double minimum, double maximum) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value >= minimum && value <= maximum))
        fail("--%s %s: not a number from %g to %g", name, text, minimum, maximum);
    return value;
}

static void take(int option, const char *name, const char *text) {
    switch (option) {
    case 'p':
        options.protocol = protocol_named(text);
        if (options.protocol == NULL) fail("--protocol %s: neither firn, tickets, redis, memcached nor http", text);
        break;
    case 'a':
        if (!address_parse(text, &options.address))
            fail("--address %s: neither unix:PATH nor tcp:ADDRESS:PORT on a loopback address", text);
        break;
    case 'c': options.connections = (unsigned)number(name, text, 1, MAXIMUM_CONNECTIONS); break;
    case 'd': options.idle = (unsigned)number(name, text, 0, MAXIMUM_CONNECTIONS); break;
    case 'f': options.in_flight = (unsigned)number(name, text, 1, MAXIMUM_IN_FLIGHT); break;
    case 'b': options.batch = (unsigned)number(name, text, 0, UINT32_MAX); break;
    case 'r': options.rate = number(name, text, 1, 1e8); break;
    case 's': options.seconds = number(name, text, 0.01, 3600); break;
    case 'w': options.warmup = number(name, text, 0, 3600); break;
    case 'i': options.server = (pid_t)number(name, text, 1, 1 << 30); break;
    case 't': options.authority = text; break;
    case 'h': options.histogram = text; break;
    }
}

void options_parse(int argc, char **argv) {
    static const struct option known[] = {
        {"protocol", required_argument, NULL, 'p'},   {"address", required_argument, NULL, 'a'},
        {"connections", required_argument, NULL, 'c'}, {"idle", required_argument, NULL, 'd'},
        {"in-flight", required_argument, NULL, 'f'},  {"batch", required_argument, NULL, 'b'},
        {"rate", required_argument, NULL, 'r'},       {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},     {"server-pid", required_argument, NULL, 'i'},
        {"histogram", required_argument, NULL, 'h'},  {"authority", required_argument, NULL, 't'},
        {0},
    };
    int option, index;
    while ((option = getopt_long(argc, argv, "", known, &index)) >= 0) {
        if (option == '?') exit(64);
        take(option, known[index].name, optarg);
    }
    if (options.protocol == NULL || options.address.length == 0 || optind < argc)
        fail("usage: load --protocol NAME --address ADDRESS [options]; they are at the top of load.c");
    if (options.authority != NULL && options.idle > 0) fail("--idle does not go with --authority");
    if (options.batch > 0 && options.protocol == &protocol_http) fail("--batch does not go with --protocol http");
}
