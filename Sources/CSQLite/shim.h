// What Swift cannot say to SQLite's C interface: its variadic functions and its casted constants.

#ifndef FIRN_CSQLITE_SHIM_H
#define FIRN_CSQLITE_SHIM_H

#include <sqlite3.h>

// No lookaside memory for this connection: it would keep 48 KiB for a handful of statements a second.
static inline int csqlite_disable_lookaside(sqlite3 *db) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, (void *)0, 0, 0);
}

// SQLite takes a copy of the text.
static inline int csqlite_bind_text_copy(sqlite3_stmt *statement, int index, const char *text, int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

#endif
