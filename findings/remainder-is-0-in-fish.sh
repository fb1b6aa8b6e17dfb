#!/usr/bin/env bash
# Packages: Debian 12's fish 3.6.0 and GNU m4 1.4.19.
# Expected: a tool that cannot compute with an ID says so, whatever is asked of the ID.
# Seen:     fish's math refuses an ID alone, and an ID plus 1: the result's magnitude is too large. But it computes the remainder, the low
#           bits and the quotient of the same ID, by way of a double: the sequence number is 0, and two IDs of a tick differ by 0.
#           m4's eval and incr take 32 bits without a message, so `eval(id >> 22)` is a negative number, and IDs of the layout safe53 that
#           are a multiple of 2^32 apart are equal. fish computes exactly with those.
# Matters:  the error for the plain case makes one believe that the other cases are checked too. A shard that is found by `math "$id % 8"`
#           is shard 0 for all. A configuration that m4 writes has another number in it. Ask `firn decode` for an ID's fields.
# Source:   fish's documentation, "math - perform mathematics calculations", where numbers are floats; GNU m4's manual, "Evaluating
#           integer expressions", where they have 32 bits.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'fish=3.6.0*' 'm4=1.4.19*' libpcre2-32-0 libsigsegv2
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libpcre2-32.so.0):$(dirname root/usr/lib/*/libsigsegv.so.2)
export LD_LIBRARY_PATH HOME=$work

for ids in "1116766490855473153 1116766490855473154" "8123456789012345 8123461083979641"; do
    read -r first second <<<"$ids"
    echo "$ids"
    for text in "$first" "$first + 1" "$first % 8" "$first % 1024" "bitand($first, 4095)" "floor($first / 4194304)" "$first - $second"; do
        result=$(root/usr/bin/fish --no-config -c "math '$text'" 2>error) || result=$(head -n 1 error)
        echo "  fish, math '$text': $result"
    done
    for text in "eval($first)" "incr($first)" "eval($first >> 22)" "eval($first % 1024)" "eval($first == $second)"; do
        echo "  m4, $text: $(echo "$text" | root/usr/bin/m4)"
    done
done >seen

cat seen
diff - seen <<'EXPECTED' || { echo "remainder-is-0-in-fish: this is not what was seen before" >&2; exit 1; }
1116766490855473153 1116766490855473154
  fish, math '1116766490855473153': math: Error: Result magnitude is too large
  fish, math '1116766490855473153 + 1': math: Error: Result magnitude is too large
  fish, math '1116766490855473153 % 8': 0
  fish, math '1116766490855473153 % 1024': 0
  fish, math 'bitand(1116766490855473153, 4095)': 0
  fish, math 'floor(1116766490855473153 / 4194304)': 266257879938
  fish, math '1116766490855473153 - 1116766490855473154': 0
  m4, eval(1116766490855473153): -528482303
  m4, incr(1116766490855473153): -528482302
  m4, eval(1116766490855473153 >> 22): -126
  m4, eval(1116766490855473153 % 1024): -1023
  m4, eval(1116766490855473153 == 1116766490855473154): 0
8123456789012345 8123461083979641
  fish, math '8123456789012345': 8123456789012345
  fish, math '8123456789012345 + 1': 8123456789012346
  fish, math '8123456789012345 % 8': 1
  fish, math '8123456789012345 % 1024': 889
  fish, math 'bitand(8123456789012345, 4095)': 3961
  fish, math 'floor(8123456789012345 / 4194304)': 1936783025
  fish, math '8123456789012345 - 8123461083979641': -4294967296
  m4, eval(8123456789012345): -1404969095
  m4, incr(8123456789012345): -1404969094
  m4, eval(8123456789012345 >> 22): -335
  m4, eval(8123456789012345 % 1024): -135
  m4, eval(8123456789012345 == 8123461083979641): 1
EXPECTED
