#!/usr/bin/env bash
# Package:  Debian 12's recutils 1.9.
# Expected: a field of type int that holds an ID is compared as the number that it is, or recfix says that it is too large. %auto
#           goes on behind the largest number.
# Seen:     numbers are C ints: of an ID below 2^63 the low 32 bits count. In the layout snowflake these have 10 bits of the time, so
#           IDs of one worker with one sequence number are equal when they are 1,024 ms apart. recsel finds both, recdel deletes
#           both, grouping makes one record of them, and sorting does not follow the time. A range of 0 to 100 holds an ID whose low
#           32 bits are 5. With %auto, the numbers behind a large ID are 0 and 1. recfix has no objection to any of it, and %key
#           holds, as it compares text. An ID in quotes, and a regular expression, are compared as text and find one record.
# Matters:  deleting one record by its ID deletes others with it. Numbers by %auto beside IDs are no longer the largest.
# Source:   recutils' manual, "Scalar Field Types" and "Counters". It gives no size of int; MIN and MAX of a range are "supported by
#           the implementation", and a message of recfix shows that MAX is 2147483647.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'recutils=1.9-2*' 'librec1=1.9-2*' libcurl3-gnutls
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/librec.so.1)
export LD_LIBRARY_PATH
PATH=$work/root/usr/bin:$PATH

first=1116766490855473153
later=$((first + (1024 << 22)))
between=$((first + (600 << 22)))
one() { xargs | sed 's/id: //g'; }

{
    recsel --version | head -1
    printf '%%rec: order\n%%key: id\n%%type: id int\n\nid: %s\n\nid: %s\n\nid: %s\n' "$first" "$between" "$later" >orders
    recfix orders && echo "recfix: no objection"
    echo "orders: $(recsel orders | one)"
    echo "id = $first: $(recsel -e "id = $first" orders | one)"
    echo "id = '$first': $(recsel -e "id = '$first'" orders | one)"
    echo "id ~ '^$first\$': $(recsel -e "id ~ '^$first\$'" orders | one)"
    echo "sorted: $(recsel -S id orders | one)"
    echo "grouped, with counts of n: $(sed 's/^id: .*/&\nn: 1/' orders | recsel -G id -p 'id,Count(n)' | one)"
    recdel -t order -e "id = $first" orders
    echo "left after recdel of $first: $(recsel orders | one)"
    printf '%%rec: order\n%%type: id range 0 100\n\nid: %s\n' $(((first >> 32 << 32) + 5)) | recfix && echo "range 0 to 100: holds $(((first >> 32 << 32) + 5))"
    printf '%%rec: order\n%%type: id range 0 MAX\n\nid: %s\n' "$first" | recfix 2>&1 || true
    printf '%%rec: order\n%%key: id\n%%type: id int\n%%auto: id\n\nid: %s\nn: 1\n' "$first" >automatic
    for _ in 1 2; do recins -t order -f n -v 1 automatic; done
    echo "%auto: $(recsel -p id automatic | one)"
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "recutils-compares-32-bits: this is not what was seen before" >&2; exit 1; }
recsel (GNU recutils) 1.9
recfix: no objection
orders: 1116766490855473153 1116766493372055553 1116766495150440449
id = 1116766490855473153: 1116766490855473153 1116766495150440449
id = '1116766490855473153': 1116766490855473153
id ~ '^1116766490855473153$': 1116766490855473153
sorted: 1116766490855473153 1116766495150440449 1116766493372055553
grouped, with counts of n: 1116766490855473153 Count_n: 2 1116766493372055553 Count_n: 1
left after recdel of 1116766490855473153: 1116766493372055553
range 0 to 100: holds 1116766487088988165
stdin:4: error: expected an integer between 0 and 2147483647.
%auto: 1116766490855473153 0 1
EXPECTED
