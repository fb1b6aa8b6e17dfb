// Where a server listens: unix:PATH, or tcp:ADDRESS:PORT on a loopback address.

#ifndef FIRN_BENCHMARK_ADDRESS_H
#define FIRN_BENCHMARK_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_un path;
        struct sockaddr_in port;
    };
    socklen_t length;
};

/// Reads an address. Returns whether it is one.
bool address_parse(const char *text, struct address *address);

/// A stream socket for that address, which sends at once what is written. `flags` are those of socket(2). Returns -1 and
/// sets errno when the system has none.
int address_socket(const struct address *address, int flags);

#endif
