#!/usr/bin/env bash
# Package:  Debian 12's mariadb-server-core 10.11 (seen with 10.11.19).
# Expected: PARTITION BY HASH(id) is a remainder, so IDs that end in zeros are all in one partition. PARTITION BY KEY(id) hashes the
#           column first, and spreads such IDs over all partitions.
# Seen:     with an even number of partitions it depends on the date. In four of the five months below half of them or more are empty,
#           and of two one has all rows. The IDs of one tick, with all numbers of the sequence, are in one of eight. The layout safe53
#           fares no better, and even the numbers from 1 on are spread unevenly. With 3, 5 or 7 partitions all IDs are spread well.
# Matters:  the partitions that are to share the load do not, and nothing says so. A test with other IDs, or on another date, does not
#           show it. To change the number of partitions copies the table.
# Source:   MariaDB's manual, "KEY Partitioning Type": the server's own hash function is used. It does not say for which numbers of
#           partitions that function is good.
set -euo pipefail

work=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server" 2>/dev/null; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'mariadb-server-core=1:10.11.*' 'mariadb-client-core=1:10.11.*' libmariadb3 libaio1 liburing2 libnuma1
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(dirname "$work"/root/usr/lib/*/libmariadb.so.3)
LD_LIBRARY_PATH=$libraries:${libraries/usr\/}
export LD_LIBRARY_PATH
sql() { root/usr/bin/mariadb --no-defaults --socket="$work/socket" -N test; }

root/usr/bin/mariadb-install-db --no-defaults --user="$(id -un)" --basedir="$work/root/usr" --datadir="$work/data" \
    --auth-root-authentication-method=normal >install.log 2>&1
root/usr/sbin/mariadbd --no-defaults --user="$(id -un)" --datadir="$work/data" --lc-messages-dir="$work/root/usr/share/mysql" \
    --skip-networking --skip-grant-tables --socket="$work/socket" --pid-file="$work/pid" 2>log &
server=$!
for _ in $(seq 100); do if sql </dev/null 2>/dev/null; then break; fi; sleep 0.2; done

cat >fill.py <<'PYTHON'
from datetime import datetime, timezone

twitter, y2025 = 1_288_834_974_657, 1_735_689_600_000
worker = 7 << 12


def ticks(year, epoch):
    return int(datetime(year, 6, 1, tzinfo=timezone.utc).timestamp() * 1000) - epoch


kinds = {}
for year in (2026, 2028, 2029, 2030, 2032):
    start = ticks(year, twitter)
    kinds[f"snowflake, June {year}, an ID every 37 ms"] = [(start + each * 37) << 22 | worker for each in range(1024)]
kinds["snowflake, June 2026, 1,024 IDs of a tick"] = [ticks(2026, twitter) << 22 | worker | each for each in range(1024)]
kinds["safe53, June 2026, an ID every 37 ms"] = [(ticks(2026, y2025) + each * 37) << 12 for each in range(1024)]
kinds["1 to 1,024"] = range(1, 1025)
for kind, ids in kinds.items():
    print(f"select '{kind}';")
    for method, count in (("hash", 8), ("key", 2), ("key", 4), ("key", 8), ("key", 3), ("key", 5), ("key", 7)):
        print(f"create or replace table orders (id bigint primary key) partition by {method} (id) partitions {count};")
        print("insert into orders values", ", ".join(f"({each})" for each in ids), ";")
        rows = ", ".join(f"(select count(*) from orders partition (p{each}))" for each in range(count))
        print(f"select concat('  {method} in {count}: ', concat_ws(' ', {rows}));")
PYTHON

{
    echo "select version()" | sql | sed 's/^\([0-9]*\.[0-9]*\).*/MariaDB \1/'
    python3 fill.py | sql
} >seen

echo "select version()" | sql
cat seen
diff - seen <<'EXPECTED' || { echo "partitions-by-key-stay-empty: this is not what was seen before" >&2; exit 1; }
MariaDB 10.11
snowflake, June 2026, an ID every 37 ms
  hash in 8: 1024 0 0 0 0 0 0 0
  key in 2: 0 1024
  key in 4: 0 555 0 469
  key in 8: 0 254 0 469 0 301 0 0
  key in 3: 337 356 331
  key in 5: 184 192 218 209 221
  key in 7: 138 162 153 121 143 160 147
snowflake, June 2028, an ID every 37 ms
  hash in 8: 1024 0 0 0 0 0 0 0
  key in 2: 0 1024
  key in 4: 0 346 0 678
  key in 8: 0 0 0 243 0 346 0 435
  key in 3: 336 326 362
  key in 5: 207 209 203 210 195
  key in 7: 128 154 133 156 145 157 151
snowflake, June 2029, an ID every 37 ms
  hash in 8: 1024 0 0 0 0 0 0 0
  key in 2: 344 680
  key in 4: 198 484 146 196
  key in 8: 106 261 61 69 92 223 85 127
  key in 3: 360 345 319
  key in 5: 206 205 207 211 195
  key in 7: 157 131 159 143 140 138 156
snowflake, June 2030, an ID every 37 ms
  hash in 8: 1024 0 0 0 0 0 0 0
  key in 2: 0 1024
  key in 4: 0 0 0 1024
  key in 8: 0 0 0 1024 0 0 0 0
  key in 3: 341 340 343
  key in 5: 198 196 236 205 189
  key in 7: 168 149 120 158 142 142 145
snowflake, June 2032, an ID every 37 ms
  hash in 8: 1024 0 0 0 0 0 0 0
  key in 2: 0 1024
  key in 4: 0 0 0 1024
  key in 8: 0 0 0 0 0 0 0 1024
  key in 3: 359 330 335
  key in 5: 191 199 203 219 212
  key in 7: 152 145 141 138 132 158 158
snowflake, June 2026, 1,024 IDs of a tick
  hash in 8: 128 128 128 128 128 128 128 128
  key in 2: 0 1024
  key in 4: 0 0 0 1024
  key in 8: 0 0 0 1024 0 0 0 0
  key in 3: 296 372 356
  key in 5: 234 165 223 231 171
  key in 7: 126 187 151 127 145 132 156
safe53, June 2026, an ID every 37 ms
  hash in 8: 1024 0 0 0 0 0 0 0
  key in 2: 1024 0
  key in 4: 0 0 1024 0
  key in 8: 0 0 275 0 0 0 749 0
  key in 3: 332 335 357
  key in 5: 209 211 209 201 194
  key in 7: 149 144 143 138 155 140 155
1 to 1,024
  hash in 8: 128 128 128 128 128 128 128 128
  key in 2: 296 728
  key in 4: 148 476 148 252
  key in 8: 76 280 80 116 72 196 68 136
  key in 3: 330 349 345
  key in 5: 175 230 187 216 216
  key in 7: 155 146 156 140 130 174 123
EXPECTED
