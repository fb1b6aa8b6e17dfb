#!/usr/bin/env bash
# Package:  Debian 12's redis-server 7.0.15.
# Expected: INCR in a script gives the number that INCR gives. Redis keeps counters as signed 64-bit integers.
# Seen:     a number that a script gets from a command is a double of Lua 5.1. Above 2^53 the result of INCR is rounded: three calls
#           in a row return one ticket, while the key counts on. Made into text, by .. or tostring or cjson, a number has 14 digits,
#           so that this begins far below 2^53: IDs of Firn's layout safe53 have 15 or 16. What GET returns is text and stays whole.
#           Scores of sorted sets are doubles too: an ID as a score is found under its neighbour's.
# Matters:  a ticket server in a script ("INCR, and more if …") hands out one ticket several times, without an error.
# Source:   Redis' manual, "Lua to RESP type conversion"; Lua 5.1's manual, tostring; lua-cjson's manual, encode_number_precision.
set -euo pipefail

work=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server"; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'redis-server=5:7.0.15*' 'redis-tools=5:7.0.15*' liblzf1 libjemalloc2 liblua5.1-0 lua-cjson lua-bitop
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/liblzf.so.1)
export LD_LIBRARY_PATH
root/usr/bin/redis-server --port 0 --unixsocket socket --save '' --dir "$work" >log &
server=$!
redis() { root/usr/bin/redis-cli -s socket "$@"; }
for _ in $(seq 50); do if redis ping >/dev/null 2>&1; then break; fi; sleep 0.1; done

{
    root/usr/bin/redis-server --version | grep -o 'v=[0-9.]*'
    redis set tickets 9007199254740994 >/dev/null
    for _ in 1 2 3 4; do
        echo "script: $(redis eval "return redis.call('INCR', KEYS[1])" 1 tickets), key: $(redis get tickets)"
    done
    echo "GET in a script: $(redis eval "return redis.call('GET', KEYS[1])" 1 tickets), INCR itself: $(redis incr tickets)"
    redis set tickets 812345678901234 >/dev/null
    for _ in 1 2; do
        redis eval "return 'order:' .. redis.call('INCR', KEYS[1])" 1 tickets
    done
    redis eval "return cjson.encode({id = 8123456789012345})" 0
    redis eval "return cjson.encode(cjson.decode(ARGV[1]))" 0 '{"id":8123456789012345}'
    redis zadd scores 1116766490855473153 a 1116766490855473154 b >/dev/null
    echo "with score 1116766490855473153:" "$(redis zrangebyscore scores 1116766490855473153 1116766490855473153 | xargs)"
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "tickets-from-redis-scripts-repeat: this is not what was seen before" >&2; exit 1; }
v=7.0.15
script: 9007199254740996, key: 9007199254740995
script: 9007199254740996, key: 9007199254740996
script: 9007199254740996, key: 9007199254740997
script: 9007199254740998, key: 9007199254740998
GET in a script: 9007199254740998, INCR itself: 9007199254740999
order:8.1234567890124e+14
order:8.1234567890124e+14
{"id":8.1234567890123e+15}
{"id":8.1234567890123e+15}
with score 1116766490855473153: a b
EXPECTED
