#include "tls.h"

#include "protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

_Noreturn static void fail_with_tls(const char *what) {
    char words[256];
    ERR_error_string_n(ERR_get_error(), words, sizeof words);
    fail("%s: %s", what, words);
}

static SSL_CTX *context_for(const char *authority) {
    static SSL_CTX *context;
    if (context != NULL) return context;
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) fail_with_tls("OpenSSL");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    // Unsent bytes move to the front of the output, and more are added, before they are sent again.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_load_verify_file(context, authority) != 1) fail_with_tls(authority);
    return context;
}

void *tls_connect(int fd, const char *authority) {
    SSL *tls = SSL_new(context_for(authority));
    if (tls == NULL || SSL_set_fd(tls, fd) != 1) fail_with_tls("OpenSSL");
    if (SSL_connect(tls) != 1) fail_with_tls("the TLS handshake");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) fail("fcntl: %s", strerror(errno));
    return tls;
}

/// The result of a call that moved no bytes, in the terms of send and recv.
static ssize_t nothing(SSL *tls, int result) {
    switch (SSL_get_error(tls, result)) {
    case SSL_ERROR_ZERO_RETURN: return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    case SSL_ERROR_SYSCALL: return errno == 0 ? 0 : -1;
    default: fail_with_tls("TLS");
    }
}

ssize_t tls_send(void *tls, const void *bytes, size_t length) {
    size_t sent;
    ERR_clear_error();
    int result = SSL_write_ex(tls, bytes, length, &sent);
    return result == 1 ? (ssize_t)sent : nothing(tls, result);
}

ssize_t tls_receive(void *tls, void *bytes, size_t length) {
    // All records that came in: the socket does not tell of those that are inside OpenSSL.
    size_t total = 0;
    do {
        size_t received;
        ERR_clear_error();
        int result = SSL_read_ex(tls, (char *)bytes + total, length - total, &received);
        if (result != 1) return total > 0 ? (ssize_t)total : nothing(tls, result);
        total += received;
    } while (total < length && SSL_has_pending(tls));
    return (ssize_t)total;
}
