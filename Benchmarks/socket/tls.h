// The load generator's TLS, by OpenSSL: a connection's bytes pass through it when --authority is given.

#ifndef FIRN_BENCHMARK_TLS_H
#define FIRN_BENCHMARK_TLS_H

#include <stddef.h>
#include <sys/types.h>

/// Makes the handshake on a connected socket, which does not block from then on. Exits if the server's certificate is not
/// signed by an authority in the file.
void *tls_connect(int fd, const char *authority);

/// Like send and recv without waiting: -1 with EAGAIN when nothing can be sent or read now; 0 when the server closed.
ssize_t tls_send(void *tls, const void *bytes, size_t length);
ssize_t tls_receive(void *tls, void *bytes, size_t length);

#endif
