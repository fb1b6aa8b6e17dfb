#!/usr/bin/env bash
# Package:  Debian 12's postgresql-15 (seen with 15.18).
# Expected: a sequence of PostgreSQL is not rolled back, by an abort or by a crash. It leaves gaps and repeats nothing.
# Seen:     since version 15 the sequence of an identity or serial column of an UNLOGGED table is unlogged as well. After a crash it
#           starts over at 1, also for numbers that were committed, and that a checkpoint had come after.
# Matters:  such a table is at hand for a queue or a cache ("may be lost"). Its numbers may have gone to others, who keep them: they
#           come a second time. The table's own emptiness hides it.
# Source:   PostgreSQL 15's manual, CREATE SEQUENCE, "UNLOGGED".
set -euo pipefail

work=$(mktemp -d)
trap 'stop fast >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'postgresql-15=15.*' 'postgresql-client-15=15.*' 'libpq5' libllvm14 libxslt1.1
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$PWD/$(dirname root/usr/lib/*/libpq.so.5)
export LD_LIBRARY_PATH PATH=$PWD/root/usr/lib/postgresql/15/bin:$PATH

# PostgreSQL does not run as root.
user=()
if [ "$(id -u)" -eq 0 ]; then
    chown nobody "$work"
    user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
start() { "${user[@]}" pg_ctl -w -D "$work/data" -o "-k '$work' -c listen_addresses=''" -l "$work/log" start >/dev/null; }
stop() { "${user[@]}" pg_ctl -D "$work/data" -m "$1" stop >/dev/null; }
sql() { psql -h "$work" -U tester -XAtq postgres -c "$1"; }
"${user[@]}" initdb -D "$work/data" -A trust -U tester --locale=C.UTF-8 >/dev/null
start

psql --version
{
    psql --version | sed 's/.*) \([0-9]*\).*/PostgreSQL \1/'
    for kind in "" unlogged; do
        sql "create $kind table ${kind:-logged}_jobs (id bigint generated always as identity, job text)"
        echo "${kind:-logged}: $(sql "insert into ${kind:-logged}_jobs(job) select 'a' from generate_series(1, 5) returning id" | xargs)"
    done
    sql checkpoint
    stop immediate
    start
    echo "crashed and started again"
    for kind in logged unlogged; do
        echo "$kind: $(sql "insert into ${kind}_jobs(job) select 'b' from generate_series(1, 2) returning id" | xargs)"
    done
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "identity-of-an-unlogged-table-starts-over: this is not what was seen before" >&2; exit 1; }
PostgreSQL 15
logged: 1 2 3 4 5
unlogged: 1 2 3 4 5
crashed and started again
logged: 6 7
unlogged: 1 2
EXPECTED
