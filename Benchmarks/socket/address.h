// The address of a server: unix:PATH, or tcp:ADDRESS:PORT on a loopback address.

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

/// Parses an address. Returns whether it is valid.
bool address_parse(const char *text, struct address *address);

/// A stream socket for that address, with TCP_NODELAY. `flags` are those of socket(2). Returns -1 and sets errno if no
/// socket can be created.
int address_socket(const struct address *address, int flags);

#endif
