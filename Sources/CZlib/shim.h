// The part of zlib's C interface that Swift cannot call: the macro that initializes a stream.

#ifndef FIRN_CZLIB_SHIM_H
#define FIRN_CZLIB_SHIM_H

#include <zlib.h>

// Initializes raw deflate, without zlib's or gzip's header and trailer.
static inline int czlib_deflate_init_raw(z_stream *stream, int level, int windowBits, int memoryLevel) {
    return deflateInit2(stream, level, Z_DEFLATED, -windowBits, memoryLevel, Z_DEFAULT_STRATEGY);
}

#endif
