#!/usr/bin/env bash
# Package:  Debian 12's regina-rexx 3.6.
# Expected: everything in REXX is text, so an ID stays what it is, and `=` between two texts of the same length tells whether they are the
#           same.
# Seen:     two texts of digits are numbers to `=`, and numbers have nine digits by default. IDs of a worker that are 1 or 100 milliseconds
#           apart are equal, also under the layout safe53, and neither is less than the other; those a second apart are not. `id + 0` has an
#           exponent, and a remainder is an error. `==` and NUMERIC DIGITS 20 compare all digits.
# Matters:  a loop that looks for a row by `if row.id = wanted` takes a row from about that time, without a message. Compare IDs by `==` and
#           `<<`, or begin the program with NUMERIC DIGITS 20.
# Source:   IBM's documentation of REXX, "Numeric Comparisons" and "NUMERIC", which has nine digits as the default.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'regina-rexx=3.6*' 'libregina3=3.6*'
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libregina.so.3)
export LD_LIBRARY_PATH

cat >seen.rexx <<'REXX'
parse arg digits name first second
numeric digits digits
say name', NUMERIC DIGITS' digits':' first second
say '  =:' (first = second)', <:' (first < second)', ==:' (first == second)', <<:' (first << second)
say '  max:' max(first, second)', + 0:' first + 0
signal on syntax
say '  // 1024:' first // 1024
exit
syntax: say '  // 1024: error' rc
REXX

for digits in 9 20; do
    while read -r name first second; do
        root/usr/bin/regina "$work/seen.rexx" "$digits" "$name" "$first" "$second"
    done <<'IDS'
snowflake-1-ms 1116766490855473153 1116766490859667457
snowflake-1000-ms 1116766490855473153 1116766495049777153
snowflake-100-ms 1116766490855473153 1116766491274903553
safe53-1-ms 8123456789012345 8123456789016441
IDS
done >seen

cat seen
diff - seen <<'EXPECTED' || { echo "rexx-compares-nine-digits: this is not what was seen before" >&2; exit 1; }
snowflake-1-ms, NUMERIC DIGITS 9: 1116766490855473153 1116766490859667457
  =: 1, <: 0, ==: 0, <<: 1
  max: 1116766490859667457, + 0: 1.11676649E+18
  // 1024: error 26
snowflake-1000-ms, NUMERIC DIGITS 9: 1116766490855473153 1116766495049777153
  =: 0, <: 1, ==: 0, <<: 1
  max: 1116766495049777153, + 0: 1.11676649E+18
  // 1024: error 26
snowflake-100-ms, NUMERIC DIGITS 9: 1116766490855473153 1116766491274903553
  =: 1, <: 0, ==: 0, <<: 1
  max: 1116766491274903553, + 0: 1.11676649E+18
  // 1024: error 26
safe53-1-ms, NUMERIC DIGITS 9: 8123456789012345 8123456789016441
  =: 1, <: 0, ==: 0, <<: 1
  max: 8123456789016441, + 0: 8.12345679E+15
  // 1024: error 26
snowflake-1-ms, NUMERIC DIGITS 20: 1116766490855473153 1116766490859667457
  =: 0, <: 1, ==: 0, <<: 1
  max: 1116766490859667457, + 0: 1116766490855473153
  // 1024: 1
snowflake-1000-ms, NUMERIC DIGITS 20: 1116766490855473153 1116766495049777153
  =: 0, <: 1, ==: 0, <<: 1
  max: 1116766495049777153, + 0: 1116766490855473153
  // 1024: 1
snowflake-100-ms, NUMERIC DIGITS 20: 1116766490855473153 1116766491274903553
  =: 0, <: 1, ==: 0, <<: 1
  max: 1116766491274903553, + 0: 1116766490855473153
  // 1024: 1
safe53-1-ms, NUMERIC DIGITS 20: 8123456789012345 8123456789016441
  =: 0, <: 1, ==: 0, <<: 1
  max: 8123456789016441, + 0: 8123456789012345
  // 1024: 889
EXPECTED
