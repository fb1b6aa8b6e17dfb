#!/usr/bin/env bash
# Package:  Debian 12's miller 6.6.0.
# Expected: an ID of 2^63 or more in decimal is a number, or an error.
# Seen:     it is text, and stands in JSON with quotes beside smaller IDs that have none. Of two such IDs max is the one whose text
#           sorts last, although it has a digit less. Sum and mean leave them out without a word. A filter for IDs above one of them
#           finds a number below it, and not the one above. In hexadecimal the same ID is an int and negative, and int() makes that
#           negative number of the text.
# Matters:  the largest ID of a file, from which a reader goes on, is the wrong one. IDs of the layouts discord and instagram are
#           concerned in the second half of their life.
# Source:   "mlr help function typeof"; "mlr stats1 --help": numbers are less than strings, and all but count and mode require numbers.
#           Neither says which IDs are strings.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'miller=6.6.0*'
dpkg -x miller_*.deb root
mlr() { root/usr/bin/mlr "$@"; }

printf '%s\n' id 10446744073709551617 9223372036854775809 999 >ids
{
    mlr --version
    for each in 10446744073709551617 9223372036854775807 0x90fa4a62c4e00001; do
        echo "$each: $(echo "id=$each" | mlr --ojsonl put '$type = typeof($id); $int = int($id) + 0')"
    done
    echo "IDs: $(xargs <ids)"
    echo "max: $(mlr --icsv --onidx stats1 -a max -f id ids)"
    echo "sum and mean: $(mlr --icsv --onidx stats1 -a sum,mean -f id ids)"
    echo "above 9223372036854775809: $(mlr --icsv --onidx filter '$id > 9223372036854775809' ids | xargs)"
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "upper-half-becomes-text-in-miller: this is not what was seen before" >&2; exit 1; }
mlr 6.6.0
10446744073709551617: {"id": "10446744073709551617", "type": "string", "int": -7999999999999999999}
9223372036854775807: {"id": 9223372036854775807, "type": "int", "int": 9223372036854775807}
0x90fa4a62c4e00001: {"id": 0x90fa4a62c4e00001, "type": "int", "int": -7999999999999999999}
IDs: id 10446744073709551617 9223372036854775809 999
max: 9223372036854775809
sum and mean: 999 999
above 9223372036854775809: 999
EXPECTED
