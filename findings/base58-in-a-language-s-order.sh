#!/usr/bin/env bash
# Package:  Debian 12's postgresql-15 (seen with 15.18), with ICU.
# Expected: base58 text of one width sorts as the numbers do: its alphabet is in the order of ASCII, 1 to 9, A to Z, a to z.
# Seen:     only under the collation C. In a database that was created with a language's collation, en-US here, a small letter stands
#           beside its capital. ORDER BY puts IDs in another order, BETWEEN a range's lowest and highest ID leaves out some that are
#           in it and takes in some that are not, and max() is not the newest. Hexadecimal and base32 are safe.
# Matters:  the page that follows the last seen ID begins at the wrong place.
# Source:   PostgreSQL's manual, 24.2 "Collation Support".
set -euo pipefail

work=$(mktemp -d)
trap 'stop >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
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
stop() { "${user[@]}" pg_ctl -D "$work/data" -m fast stop >/dev/null; }
"${user[@]}" initdb -D "$work/data" -A trust -U tester --locale=C.UTF-8 >/dev/null
"${user[@]}" pg_ctl -w -D "$work/data" -o "-k '$work' -c listen_addresses='' -c fsync=off" -l "$work/log" start >/dev/null

python3 - >ids.csv <<'PYTHON'
def write(number, alphabet, width):
    text = ""
    for _ in range(width):
        number, digit = divmod(number, len(alphabet))
        text = alphabet[digit] + text
    return text


# One ID a second, for 200 s, in Twitter's layout.
for second in range(200):
    number = 2143981510456246272 + (second * 1000 << 22)
    base58 = write(number, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 11)
    base32 = write(number, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 13)
    print(f"{number},{number:016x},{base32},{base58}")
PYTHON

psql --version
{
    psql --version | sed 's/.*) \([0-9]*\).*/PostgreSQL \1/'
    psql -h "$work" -U tester -XAtq postgres <<'SQL'
create table ids (number numeric, hex text, base32 text, base58 text);
\copy ids from 'ids.csv' with csv
select 'C, base58: ' || count(*) || ' of 200 in their place'
    from (select rank() over (order by number) a, rank() over (order by base58 collate "C") b from ids) r where a = b;
select 'en-US, hexadecimal: ' || count(*) || ' of 200 in their place'
    from (select rank() over (order by number) a, rank() over (order by hex collate "en-US-x-icu") b from ids) r where a = b;
select 'en-US, base32: ' || count(*) || ' of 200 in their place'
    from (select rank() over (order by number) a, rank() over (order by base32 collate "en-US-x-icu") b from ids) r where a = b;
select 'en-US, base58: ' || count(*) || ' of 200 in their place'
    from (select rank() over (order by number) a, rank() over (order by base58 collate "en-US-x-icu") b from ids) r where a = b;
with bounds as (select min(base58) filter (where n = 51) low, min(base58) filter (where n = 100) high
    from (select base58, row_number() over (order by number) n from ids) r)
select 'between the 51st and the 100th: ' || count(*) || ' in C, '
    || (select count(*) from ids, bounds where base58 collate "en-US-x-icu" between low and high) || ' in en-US'
    from ids, bounds where base58 collate "C" between low and high;
SQL
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "base58-in-a-language-s-order: this is not what was seen before" >&2; exit 1; }
PostgreSQL 15
C, base58: 200 of 200 in their place
en-US, hexadecimal: 200 of 200 in their place
en-US, base32: 200 of 200 in their place
en-US, base58: 70 of 200 in their place
between the 51st and the 100th: 50 in C, 47 in en-US
EXPECTED
