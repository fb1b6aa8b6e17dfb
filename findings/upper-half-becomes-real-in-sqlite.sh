#!/usr/bin/env bash
# Package:  Debian 12's sqlite3 3.40.1.
# Expected: a column that is declared INTEGER keeps an ID, or refuses it.
# Seen:     an ID of 2^63 or more becomes a REAL of 15 digits, written as a number or as text. Two IDs that differ only in worker and
#           sequence are then one: a UNIQUE column refuses the second. STRICT tables refuse both. A column that is declared STRING,
#           which is not a type of SQLite's, takes text for numbers: leading zeros go, and an ID in hexadecimal that happens to have
#           digits only and one e becomes a REAL, here Inf.
# Matters:  IDs of the layouts discord and instagram reach 2^63 in the second half of their life. Write them as signed 64-bit
#           numbers, or as text into a column that is declared TEXT.
# Source:   "Datatypes In SQLite", 3.1 "Determination Of Column Affinity", sqlite.org/datatype3.html.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'sqlite3=3.40.1*' 'libsqlite3-0=3.40.1*' libreadline8
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libsqlite3.so.0):$(dirname root/lib/*/libreadline.so.8)
export LD_LIBRARY_PATH
sqlite() { root/usr/bin/sqlite3 :memory: "$1" 2>&1 || true; }

{
    root/usr/bin/sqlite3 --version | cut -d' ' -f1
    echo "INTEGER:"
    sqlite "create table ids(id integer unique); insert into ids values('10446744073709551617');
        select id, typeof(id) from ids; insert into ids values(10446744073709551618)"
    echo "INTEGER, STRICT:"
    sqlite "create table ids(id integer) strict; insert into ids values('10446744073709551617')"
    echo "INTEGER, as signed:"
    sqlite "create table ids(id integer unique); insert into ids values(-8000000000000000000 + 1), (-8000000000000000000 + 2); select id from ids"
    echo "STRING:"
    sqlite "create table ids(id string); insert into ids values('12345678901e2345'), ('02126632240690500159'); select id, typeof(id) from ids"
    echo "TEXT:"
    sqlite "create table ids(id text); insert into ids values('12345678901e2345'), ('02126632240690500159'); select id, typeof(id) from ids"
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "upper-half-becomes-real-in-sqlite: this is not what was seen before" >&2; exit 1; }
3.40.1
INTEGER:
Error: stepping, UNIQUE constraint failed: ids.id (19)
1.04467440737096e+19|real
INTEGER, STRICT:
Error: stepping, cannot store REAL value in INTEGER column ids.id (19)
INTEGER, as signed:
-7999999999999999999
-7999999999999999998
STRING:
Inf|real
2126632240690500159|integer
TEXT:
12345678901e2345|text
02126632240690500159|text
EXPECTED
