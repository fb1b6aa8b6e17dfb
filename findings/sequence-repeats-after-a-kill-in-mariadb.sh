#!/usr/bin/env bash
# Package:  Debian 12's mariadb-server-core 10.11 (seen with 10.11.19).
# Expected: a number that NEXTVAL() returned is not returned again. With innodb_flush_log_at_trx_commit = 1, the default, what a statement
#           with autocommit changed is on the disk when the statement has ended.
# Seen:     a SELECT NEXTVAL() changes no table, so nothing waits for the log. After the server was killed with SIGKILL, up to 1,500
#           numbers come again, which clients had received: with CACHE, with NOCACHE, and in a transaction, committed or rolled back. The
#           log is not even written to the file, so a machine that goes on running is no help. Numbers that an INSERT into InnoDB took in
#           the same statement or transaction do not come again. Those that are older than innodb_flush_log_at_timeout, one second by
#           default, do not, either.
# Matters:  a program that asks for a number first and uses it elsewhere, such as for a file's name, a message or a row of another
#           database, has used one that somebody else gets after the crash. Insert a row in the transaction that takes the number, and
#           commit first.
# Source:   MariaDB's documentation, "NEXT VALUE for sequence_name", which says that a value is not used again, and
#           "innodb_flush_log_at_trx_commit".
set -euo pipefail

work=$(mktemp -d)
trap 'kill -KILL "${server:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'mariadb-server-core=1:10.11.*' 'mariadb-client-core=1:10.11.*' libmariadb3 libaio1 liburing2 libnuma1
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(dirname "$work"/root/usr/lib/*/libmariadb.so.3)
LD_LIBRARY_PATH=$libraries:${libraries/usr\/}
export LD_LIBRARY_PATH
sql() { root/usr/bin/mariadb --no-defaults --socket="$work/socket" -N test "$@"; }
start() {
    root/usr/sbin/mariadbd --no-defaults --user="$(id -un)" --datadir="$work/data" --lc-messages-dir="$work/root/usr/share/mysql" \
        --skip-networking --skip-grant-tables --socket="$work/socket" --pid-file="$work/pid" --innodb-flush-log-at-timeout="$1" 2>>log &
    server=$!
    for _ in $(seq 200); do if sql </dev/null 2>/dev/null; then return; fi; sleep 0.1; done
    echo "mariadbd did not start" >&2
    return 1
}
end() { kill "-$1" "$server"; wait "$server" 2>/dev/null || true; }

# The log is also written in the background. A minute between two writes keeps that from happening between a query and the kill.
tries() {
    start 60
    sql -e "create or replace sequence tickets $1; create or replace table orders (id bigint primary key) engine = innodb"
    end TERM
    start "$3"
    sql -e "$2" >given
    sleep "$4"
    end KILL
    start 60
    echo "$1: $2 (${5:-killed at once}): $(tail -n 1 given); after it: $(sql -e 'select nextval(tickets)')"
    end TERM
}

root/usr/bin/mariadb-install-db --no-defaults --user="$(id -un)" --basedir="$work/root/usr" --datadir="$work/data" \
    --auth-root-authentication-method=normal >install.log 2>&1
start 60
sql -e "select version()"
{
    sql -e "select concat('MariaDB ', substring_index(version(), '.', 2), ', innodb_flush_log_at_trx_commit ', @@innodb_flush_log_at_trx_commit)"
    end TERM
    tries nocache "select nextval(tickets) from seq_1_to_100" 60 0
    tries "cache 1000" "select nextval(tickets) from seq_1_to_1500" 60 0
    tries nocache "begin; select nextval(tickets); commit" 60 0
    tries nocache "begin; select nextval(tickets); rollback" 60 0
    tries nocache "begin; select nextval(tickets); insert into orders values (lastval(tickets)); commit" 60 0
    tries nocache "insert into orders select nextval(tickets) from seq_1_to_100; select max(id) from orders" 60 0
    tries nocache "select nextval(tickets) from seq_1_to_100" 1 3 "killed 3 s later, with the default timeout"
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "sequence-repeats-after-a-kill-in-mariadb: this is not what was seen before" >&2; exit 1; }
MariaDB 10.11, innodb_flush_log_at_trx_commit 1
nocache: select nextval(tickets) from seq_1_to_100 (killed at once): 100; after it: 1
cache 1000: select nextval(tickets) from seq_1_to_1500 (killed at once): 1500; after it: 1
nocache: begin; select nextval(tickets); commit (killed at once): 1; after it: 1
nocache: begin; select nextval(tickets); rollback (killed at once): 1; after it: 1
nocache: begin; select nextval(tickets); insert into orders values (lastval(tickets)); commit (killed at once): 1; after it: 2
nocache: insert into orders select nextval(tickets) from seq_1_to_100; select max(id) from orders (killed at once): 100; after it: 101
nocache: select nextval(tickets) from seq_1_to_100 (killed 3 s later, with the default timeout): 100; after it: 101
EXPECTED
