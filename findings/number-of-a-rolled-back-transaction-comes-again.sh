#!/usr/bin/env bash
# Package:  Debian 12's postgresql-15 (seen with 15.20).
# Expected: a number that nextval() returned is not returned again. The manual says that transactions which are rolled back, and crashes,
#           leave gaps.
# Seen:     the sequence's advance is written to the log, but only the commit of a transaction that took a number waits for the disk.
#           Numbers that were taken in a transaction which was then rolled back, or which was still open, come again after a crash,
#           here a hundred of them. With synchronous_commit = off the numbers of committed transactions do, too: a nextval() alone,
#           which has no rows to lose.
# Matters:  a program that takes a number, uses it elsewhere (a file's name, a message, another database) and rolls back, or waits
#           for the other to answer before it commits, has used a number that somebody else gets after the crash. Commit first.
# Source:   PostgreSQL 15's manual, 9.17 "Sequence Manipulation Functions"; src/backend/commands/sequence.c, nextval_internal, makes the
#           transaction wait at its commit.
set -euo pipefail

work=$(mktemp -d)
trap 'crash >/dev/null 2>&1 || true; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'postgresql-15=15.*' 'postgresql-client-15=15.*' 'libpq5' libllvm14 libxslt1.1
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$PWD/$(dirname root/usr/lib/*/libpq.so.5)
PATH=$PWD/root/usr/lib/postgresql/15/bin:$PATH

# PostgreSQL does not run as root.
user=()
if [ "$(id -u)" -eq 0 ]; then
    chown nobody "$work"
    user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
with_libraries() { LD_LIBRARY_PATH=$LD_LIBRARY_PATH "$@"; }
# The log is also written in the background, every 200 ms. The long delay keeps that from happening between a query and the crash.
start() { with_libraries "${user[@]}" pg_ctl -w -D "$work/data" -o "-k '$work' -c listen_addresses='' -c wal_writer_delay=10s" -l "$work/log" start >/dev/null; }
crash() { with_libraries "${user[@]}" pg_ctl -D "$work/data" -m immediate stop >/dev/null; }
sql() { with_libraries psql -h "$work" -U tester -XAtq postgres "$@"; }

tries() {
    sql -c "select setval('tickets', 1000)" -c checkpoint >/dev/null
    sql -c "$1" >given 2>/dev/null &
    if [[ $1 == *pg_sleep* ]]; then sleep 1; else wait $!; fi
    crash
    wait
    start
    echo "$1: $(xargs <given); after a crash: $(sql -c "select nextval('tickets')")"
}

with_libraries "${user[@]}" initdb -D "$work/data" -A trust -U tester --locale=C.UTF-8 >/dev/null
start
sql -c "create sequence tickets"
hundred="select max(each) from (select nextval('tickets') as each from generate_series(1, 100)) as taken"
{
    sql -c "show server_version" | sed 's/\..*//; s/^/PostgreSQL /'
    tries "select nextval('tickets')"
    tries "begin; select nextval('tickets'); rollback"
    tries "begin; $hundred; rollback"
    tries "begin; select nextval('tickets'); select pg_sleep(60); commit"
    tries "set synchronous_commit = off; select nextval('tickets')"
} >seen

sql -c "show server_version"
cat seen
diff - seen <<'EXPECTED' || { echo "number-of-a-rolled-back-transaction-comes-again: this is not what was seen before" >&2; exit 1; }
PostgreSQL 15
select nextval('tickets'): 1001; after a crash: 1034
begin; select nextval('tickets'); rollback: 1001; after a crash: 1001
begin; select max(each) from (select nextval('tickets') as each from generate_series(1, 100)) as taken; rollback: 1100; after a crash: 1001
begin; select nextval('tickets'); select pg_sleep(60); commit: 1001; after a crash: 1001
set synchronous_commit = off; select nextval('tickets'): 1001; after a crash: 1001
EXPECTED
