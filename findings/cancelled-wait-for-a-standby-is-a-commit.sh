#!/usr/bin/env bash
# Package:  Debian 12's postgresql-15 (seen with 15.20), with psycopg2-binary 2.9.10, pg8000 1.31.2 and asyncpg 0.30.0.
# Expected: with synchronous_standby_names set, a commit that no standby has is not answered, or is answered with an error; and
#           statement_timeout ends a statement that takes longer.
# Seen:     statement_timeout does not end the wait. A cancel request does, and the commit is answered as done, with a warning: psycopg2
#           and pg8000 return from commit() and put the warning into a list, asyncpg passes it to a listener that nobody has set. asyncpg's own
#           timeout sends such a request: the caller gets a TimeoutError, and the row is there for everybody.
# Matters:  a ticket or a lease whose commit "succeeded" is on one server alone. The standby that is promoted gives the same one again.
# Source:   PostgreSQL 15's manual, 27.2.8.2 "Planning for Performance" and synchronous_commit; src/backend/replication/syncrep.c.
set -euo pipefail

work=$(mktemp -d)
trap 'stop immediate >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'postgresql-15=15.*' 'postgresql-client-15=15.*' 'libpq5' libllvm14 libxslt1.1
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$PWD/$(dirname root/usr/lib/*/libpq.so.5)
PATH=$PWD/root/usr/lib/postgresql/15/bin:$PATH
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check psycopg2-binary==2.9.10 pg8000==1.31.2 asyncpg==0.30.0

# PostgreSQL does not run as root.
user=()
if [ "$(id -u)" -eq 0 ]; then
    chown nobody "$work"
    user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
with_libraries() { LD_LIBRARY_PATH=$LD_LIBRARY_PATH "$@"; }
start() { with_libraries "${user[@]}" pg_ctl -w -D "$work/data" -o "-k '$work' -c listen_addresses=''" -l "$work/log" start >/dev/null; }
stop() { with_libraries "${user[@]}" pg_ctl -D "$work/data" -m "$1" stop >/dev/null; }
with_libraries "${user[@]}" initdb -D "$work/data" -A trust -U tester --locale=C.UTF-8 >/dev/null
start
sql() { with_libraries psql -h "$work" -U tester -XAtq postgres -c "$1"; }
sql "create table tickets (number int primary key)"
# A standby that is named, and is away.
sql "alter system set synchronous_standby_names = 'away'"
sql "select pg_reload_conf()" >/dev/null

cat >drivers.py <<'PYTHON'
import asyncio, os, threading, time
import asyncpg, pg8000.native, psycopg2

place = os.getcwd()
admin = psycopg2.connect(host=place, user="tester", dbname="postgres")
admin.autocommit = True


def ask(text):
    cursor = admin.cursor()
    cursor.execute(text)
    return cursor.fetchall()


def waiting():
    return ask("select pid from pg_stat_activity where wait_event = 'SyncRep'")


def cancel_the_wait(seen):
    while not (pids := waiting()):
        time.sleep(0.02)
    # Twice as long as statement_timeout.
    time.sleep(1)
    seen.append("still waits after statement_timeout" if waiting() == pids else "statement_timeout ended it")
    ask(f"select pg_cancel_backend({pids[0][0]})")


def told(name, commit, notices):
    seen = []
    other = threading.Thread(target=cancel_the_wait, args=[seen])
    other.start()
    try:
        commit()
        result = "returned"
    except Exception as error:
        result = type(error).__name__
    other.join()
    print(f"{name}: {seen[0]}; commit {result}; notices: {notices()}")


first = psycopg2.connect(host=place, user="tester", dbname="postgres")
first.cursor().execute("set statement_timeout = 500; insert into tickets values (1)")
told("psycopg2 2.9.10", first.commit, lambda: [line.split("\n")[0] for line in first.notices])

second = pg8000.native.Connection("tester", unix_sock=f"{place}/.s.PGSQL.5432", database="postgres")
second.run("start transaction")
second.run("set statement_timeout = 500")
second.run("insert into tickets values (2)")
told(
    "pg8000 1.31.2",
    lambda: second.run("commit"),
    lambda: [f"{notice[b'S'].decode()}:  {notice[b'M'].decode()}" for notice in second.notices],
)


async def third():
    connection = await asyncpg.connect(host=place, user="tester", database="postgres")
    try:
        await connection.execute("insert into tickets values (3)", timeout=1)
        result = "returned"
    except Exception as error:
        result = type(error).__name__
    print(f"asyncpg 0.30.0: execute with a timeout: {result}")
    await connection.close()


asyncio.run(third())
while waiting():
    time.sleep(0.02)
print("what others read:", [row[0] for row in ask("select number from tickets order by number")])
PYTHON

{
    with_libraries psql --version | sed 's/.*) \([0-9]*\).*/PostgreSQL \1/'
    "$work/venv/bin/python" drivers.py
} >seen

with_libraries psql --version
cat seen
diff - seen <<'EXPECTED' || { echo "cancelled-wait-for-a-standby-is-a-commit: this is not what was seen before" >&2; exit 1; }
PostgreSQL 15
psycopg2 2.9.10: still waits after statement_timeout; commit returned; notices: ['WARNING:  canceling wait for synchronous replication due to user request']
pg8000 1.31.2: still waits after statement_timeout; commit returned; notices: ['WARNING:  canceling wait for synchronous replication due to user request']
asyncpg 0.30.0: execute with a timeout: TimeoutError
what others read: [1, 2, 3]
EXPECTED
