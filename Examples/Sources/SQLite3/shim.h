// What Swift cannot say to SQLite's C interface: a casted constant.

#ifndef EXAMPLES_SQLITE3_SHIM_H
#define EXAMPLES_SQLITE3_SHIM_H

#include <sqlite3.h>

// SQLite takes a copy of the text.
static inline int sqlite3_bind_text_copy(sqlite3_stmt *statement, int index, const char *text, int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

#endif
