#ifndef CPOSTGRES_H
#define CPOSTGRES_H

#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif

/// The functions of libpq that Firn calls.
///
/// The library is loaded when it is first used, and not linked: it brings OpenSSL, Kerberos and LDAP, which a daemon with
/// another store would load at every start.
struct cpostgres {
    __typeof__(PQconninfoParse) *_Nonnull conninfo_parse;
    __typeof__(PQconninfoFree) *_Nonnull conninfo_free;
    __typeof__(PQconninfo) *_Nonnull conninfo;
    __typeof__(PQconnectStartParams) *_Nonnull connect_start;
    __typeof__(PQconnectPoll) *_Nonnull connect_poll;
    __typeof__(PQstatus) *_Nonnull status;
    __typeof__(PQsocket) *_Nonnull socket;
    __typeof__(PQfinish) *_Nonnull finish;
    __typeof__(PQerrorMessage) *_Nonnull error_message;
    __typeof__(PQsetErrorVerbosity) *_Nonnull set_error_verbosity;
    __typeof__(PQsetNoticeReceiver) *_Nonnull set_notice_receiver;
    __typeof__(PQserverVersion) *_Nonnull server_version;
    __typeof__(PQsetnonblocking) *_Nonnull set_nonblocking;
    __typeof__(PQsendQuery) *_Nonnull send_query;
    __typeof__(PQflush) *_Nonnull flush;
    __typeof__(PQconsumeInput) *_Nonnull consume_input;
    __typeof__(PQisBusy) *_Nonnull is_busy;
    __typeof__(PQgetResult) *_Nonnull get_result;
    __typeof__(PQclear) *_Nonnull clear;
    __typeof__(PQresultStatus) *_Nonnull result_status;
    __typeof__(PQresultErrorField) *_Nonnull error_field;
    __typeof__(PQntuples) *_Nonnull row_count;
    __typeof__(PQnfields) *_Nonnull column_count;
    __typeof__(PQgetvalue) *_Nonnull value;
    __typeof__(PQgetlength) *_Nonnull length;
    __typeof__(PQgetisnull) *_Nonnull is_null;
    __typeof__(PQescapeLiteral) *_Nonnull escape_literal;
    __typeof__(PQfreemem) *_Nonnull free_memory;
};

/// The library's functions, loaded by the first call; null if it cannot be loaded. May be called on any thread.
const struct cpostgres *_Nullable cpostgres_library(void);

/// Why ``cpostgres_library()`` returned null.
const char *_Nonnull cpostgres_load_error(void);

/// A notice receiver: libpq itself would write the server's notices to standard error. It sets `*unconfirmed`, an int, to 1
/// for the warning that a transaction is committed on this server alone, because the wait for its synchronous standbys was
/// ended. That warning has no SQLSTATE of its own, and its text depends on the server's language; the server's function that
/// reports it does not.
void cpostgres_note_notice(void *_Nullable unconfirmed, const PGresult *_Nullable result);

#endif
