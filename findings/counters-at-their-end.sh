#!/usr/bin/env bash
# Packages: Debian 12's memcached 1.6.18, redis-server 7.0.15 and sqlite3 3.40.1.
# Expected: a counter that has given out its last number says so.
# Seen:     memcached's incr goes from 2^64 - 1 to 0, and gives 0, 1, 2, … again. Its get then shows the number with 19 spaces
#           behind it. An SQLite rowid without AUTOINCREMENT goes on with numbers at random below the last. Redis, and SQLite with
#           AUTOINCREMENT, return an error.
# Matters:  a ticket server on memcached that was started high wraps without a word, and what others gave first comes again.
# Source:   memcached's protocol.txt, "Increment/Decrement"; "SQLite Autoincrement", sqlite.org/autoinc.html.
set -euo pipefail

work=$(mktemp -d)
trap 'for server in "${servers[@]}"; do kill "$server"; done; wait; rm -rf "$work"' EXIT
servers=()
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'redis-server=5:7.0.15*' 'redis-tools=5:7.0.15*' liblzf1 libjemalloc2 liblua5.1-0 lua-cjson lua-bitop \
    'memcached=1.6.18*' 'sqlite3=3.40.1*' 'libsqlite3-0=3.40.1*' libreadline8
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/liblzf.so.1):$(dirname root/lib/*/libreadline.so.8)
export LD_LIBRARY_PATH
root/usr/bin/redis-server --port 0 --unixsocket redis --save '' --dir "$work" >log &
servers+=($!)
root/usr/bin/memcached -u "$(id -un)" -s "$work/memcached" &
servers+=($!)
for _ in $(seq 50); do if [ -S redis ] && [ -S memcached ]; then break; fi; sleep 0.1; done

{
    root/usr/bin/memcached -V
    python3 - <<'PYTHON'
import socket

server = socket.socket(socket.AF_UNIX)
server.connect("memcached")


def ask(text):
    server.sendall(text.encode())
    return server.recv(4096).decode()


ask("set tickets 0 0 20\r\n18446744073709551614\r\n")
print("incr:", [ask("incr tickets 1\r\n").strip() for _ in range(4)])
print("get:", repr(ask("get tickets\r\n").split("\r\n")[1]))
PYTHON
    root/usr/bin/redis-server --version | grep -o 'redis-server\|v=[0-9.]*' || true
    root/usr/bin/redis-cli -s redis set tickets 9223372036854775807 >/dev/null
    root/usr/bin/redis-cli -s redis incr tickets | xargs
    root/usr/bin/sqlite3 --version | cut -d' ' -f1
    root/usr/bin/sqlite3 :memory: "
        create table tickets(id integer primary key, v); insert into tickets values(9223372036854775807, 0);
        insert into tickets(v) values(1); insert into tickets(v) values(2);
        select 'rowid: ' || count(*) || ' more, all of them lower: ' || (max(id) < 9223372036854775807) from tickets where v > 0"
    root/usr/bin/sqlite3 :memory: "
        create table tickets(id integer primary key autoincrement, v); insert into tickets values(9223372036854775807, 0);
        insert into tickets(v) values(1)" 2>&1 || true
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "counters-at-their-end: this is not what was seen before" >&2; exit 1; }
memcached 1.6.18
incr: ['18446744073709551615', '0', '1', '2']
get: '2                   '
v=7.0.15
ERR increment or decrement would overflow
3.40.1
rowid: 2 more, all of them lower: 1
Error: stepping, database or disk is full (13)
EXPECTED
