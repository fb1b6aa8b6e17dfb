// Parts of SQLite's C interface that Swift cannot call: variadic functions and constants with casts. In addition the
// creation time of a file, which neither SQLite nor stat() reports.

#ifndef FIRN_CSQLITE_SHIM_H
#define FIRN_CSQLITE_SHIM_H

#include <sqlite3.h>
#include <stdint.h>
#include <string.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Disables lookaside memory for this connection: it would take 48 KiB for a few statements per second.
static inline int csqlite_disable_lookaside(sqlite3 *db) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, (void *)0, 0, 0);
}

// SQLite copies the text.
static inline int csqlite_bind_text_copy(sqlite3_stmt *statement, int index, const char *text, int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

#if defined(__linux__) && defined(SYS_statx)
// struct statx (linux/stat.h) as bytes, because not every C library declares it. No header that declares stat is
// included either: Swift would take its members as this module's. Returns 0, or -1 with errno.
static inline int csqlite_statx(const char *path, uint32_t wanted, unsigned char answer[256]) {
    const int relative_to_working_directory = -100;
    return (int)syscall(SYS_statx, relative_to_working_directory, path, 0, wanted, answer);
}
#endif

// The creation time of the file, in nanoseconds since 1970; 0 if the system or the file system does not report it.
static inline int64_t csqlite_file_birth(const char *path) {
#if defined(__linux__) && defined(SYS_statx)
    const uint32_t birth_wanted = 0x800;
    const size_t birth_offset = 80;
    unsigned char answer[256] = {0};
    if (csqlite_statx(path, birth_wanted, answer) != 0) {
        return 0;
    }
    uint32_t mask, nanoseconds;
    int64_t seconds;
    memcpy(&mask, answer, sizeof mask);
    memcpy(&seconds, answer + birth_offset, sizeof seconds);
    memcpy(&nanoseconds, answer + birth_offset + sizeof seconds, sizeof nanoseconds);
    return (mask & birth_wanted) != 0 ? seconds * 1000000000 + nanoseconds : 0;
#else
    (void)path;
    return 0;
#endif
}

// Whether something is mounted at this path (STATX_ATTR_MOUNT_ROOT, Linux 5.8); 0 if the system does not report it.
static inline int csqlite_is_mount_point(const char *path) {
#if defined(__linux__) && defined(SYS_statx)
    const uint64_t mount_root = 0x2000;
    const size_t attributes_offset = 8;
    unsigned char answer[256] = {0};
    if (csqlite_statx(path, 0, answer) != 0) {
        return 0;
    }
    uint64_t attributes;
    memcpy(&attributes, answer + attributes_offset, sizeof attributes);
    return (attributes & mount_root) != 0;
#else
    (void)path;
    return 0;
#endif
}

#endif
