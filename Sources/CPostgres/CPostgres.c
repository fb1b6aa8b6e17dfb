#include "CPostgres.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#ifdef __APPLE__
#define LIBRARY "libpq.5.dylib"
#else
#define LIBRARY "libpq.so.5"
#endif

static struct cpostgres functions;
static const struct cpostgres *loaded;
static char load_error[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A failure of any look-up leaves its message, and the library is not used. */
#define LOOK_UP(field, name)                                                                                            \
    do {                                                                                                                \
        functions.field = (__typeof__(functions.field))dlsym(library, #name);                                           \
        if (functions.field == NULL) {                                                                                  \
            snprintf(load_error, sizeof load_error, LIBRARY " has no " #name);                                          \
            return;                                                                                                     \
        }                                                                                                               \
    } while (0)

static void load(void) {
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        snprintf(load_error, sizeof load_error, "%s", reason == NULL ? LIBRARY " cannot be loaded" : reason);
        return;
    }
    LOOK_UP(conninfo_parse, PQconninfoParse);
    LOOK_UP(conninfo_free, PQconninfoFree);
    LOOK_UP(conninfo, PQconninfo);
    LOOK_UP(connect_start, PQconnectStartParams);
    LOOK_UP(connect_poll, PQconnectPoll);
    LOOK_UP(status, PQstatus);
    LOOK_UP(socket, PQsocket);
    LOOK_UP(finish, PQfinish);
    LOOK_UP(error_message, PQerrorMessage);
    LOOK_UP(set_error_verbosity, PQsetErrorVerbosity);
    LOOK_UP(set_notice_receiver, PQsetNoticeReceiver);
    LOOK_UP(server_version, PQserverVersion);
    LOOK_UP(set_nonblocking, PQsetnonblocking);
    LOOK_UP(send_query, PQsendQuery);
    LOOK_UP(flush, PQflush);
    LOOK_UP(consume_input, PQconsumeInput);
    LOOK_UP(is_busy, PQisBusy);
    LOOK_UP(get_result, PQgetResult);
    LOOK_UP(clear, PQclear);
    LOOK_UP(result_status, PQresultStatus);
    LOOK_UP(error_field, PQresultErrorField);
    LOOK_UP(row_count, PQntuples);
    LOOK_UP(column_count, PQnfields);
    LOOK_UP(value, PQgetvalue);
    LOOK_UP(length, PQgetlength);
    LOOK_UP(is_null, PQgetisnull);
    LOOK_UP(escape_literal, PQescapeLiteral);
    LOOK_UP(free_memory, PQfreemem);
    loaded = &functions;
}

const struct cpostgres *cpostgres_library(void) {
    pthread_once(&once, load);
    return loaded;
}

const char *cpostgres_load_error(void) {
    return load_error;
}

void cpostgres_note_notice(void *unconfirmed, const PGresult *result) {
    const char *function = functions.error_field(result, PG_DIAG_SOURCE_FUNCTION);
    if (function != NULL && strcmp(function, "SyncRepWaitForLSN") == 0) *(int *)unconfirmed = 1;
}
