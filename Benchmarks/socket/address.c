#include "address.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool parse_port(const char *text, struct address *address) {
    char host[INET_ADDRSTRLEN], *end;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof host) return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end != 0 || port == 0 || port > UINT16_MAX) return false;
    address->port = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address->length = sizeof address->port;
    if (inet_pton(AF_INET, host, &address->port.sin_addr) != 1) return false;
    return ntohl(address->port.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool address_parse(const char *text, struct address *address) {
    if (strncmp(text, "tcp:", 4) == 0) return parse_port(text + 4, address);
    if (strncmp(text, "unix:", 5) != 0) return false;
    const char *path = text + 5;
    if (*path == 0 || strlen(path) >= sizeof address->path.sun_path) return false;
    address->path = (struct sockaddr_un){.sun_family = AF_UNIX};
    strcpy(address->path.sun_path, path);
    address->length = sizeof address->path;
    return true;
}

int address_socket(const struct address *address, int flags) {
    int fd = socket(address->any.sa_family, SOCK_STREAM | flags, 0), on = 1;
    if (fd < 0 || address->any.sa_family != AF_INET) return fd;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0) return fd;
    close(fd);
    return -1;
}
