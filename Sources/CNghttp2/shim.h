#ifndef FIRN_CNGHTTP2_SHIM_H
#define FIRN_CNGHTTP2_SHIM_H

#include <nghttp2/nghttp2.h>

// Versions with a fix for floods of resets have a limit of their own, and Debian's 1.52 is one of them. Its header may be
// older than the library, so the function is looked for by the linker.
extern void nghttp2_option_set_stream_reset_rate_limit(nghttp2_option *option, uint64_t burst, uint64_t rate)
    __attribute__((weak));

// Sets the number of streams that a peer may reset at once and per second, where the library limits it.
static inline void cnghttp2_set_reset_limit(nghttp2_option *option, uint64_t burst, uint64_t rate) {
    if (nghttp2_option_set_stream_reset_rate_limit) {
        nghttp2_option_set_stream_reset_rate_limit(option, burst, rate);
    }
}

#endif
