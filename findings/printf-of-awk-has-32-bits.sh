#!/usr/bin/env bash
# Packages: Debian 12's busybox 1.35.0 and mawk 1.3.4, beside gawk 5.2.1 and original-awk (2022-09-12).
# Expected: awk's numbers are doubles, so printf "%d" shows IDs of the layout safe53 exactly, and others without their low digits. It is
#           the usual way around mawk's six digits.
# Seen:     in two of the four awks "%d" and "%x" are those of a C int. From 2^31 on mawk prints 2147483647, whatever the number is, and
#           BusyBox -2147483648: all IDs are one. BusyBox's plain print of the same number is exact.
# Matters:  sprintf("%d", $1) as a key puts all rows into one group. A script that was written with gawk does so without a word in a
#           container with BusyBox, and on Debian, whose awk is mawk. In awk, keep an ID as the text that it is.
# Source:   the run below; the packages' sources were not read.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'busybox=1:1.35.0*' 'mawk=1.3.4*' 'gawk=1:5.2.1*' libsigsegv2 'original-awk=2022-09-12*'
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libsigsegv.so.2)
export LD_LIBRARY_PATH

printf '%s\n' 8123456789012345 8123456789012346 9007199254740991 2147483648 2147483647 >ids
for awk in "bin/busybox awk" usr/bin/mawk usr/bin/gawk usr/bin/original-awk; do
    read -ra command <<<"root/$awk"
    echo "${awk##*/}"
    "${command[@]}" '{ printf "  %s: %%d is %d, %%x is %x\n", $1, $1, $1 }' ids
    "${command[@]}" '{ groups[sprintf("%d", $1)]++ } END { for (each in groups) count++; print "  groups by %d: " count }' ids
done >seen

cat seen
diff - seen <<'EXPECTED' || { echo "printf-of-awk-has-32-bits: this is not what was seen before" >&2; exit 1; }
busybox awk
  8123456789012345: %d is -2147483648, %x is 80000000
  8123456789012346: %d is -2147483648, %x is 80000000
  9007199254740991: %d is -2147483648, %x is 80000000
  2147483648: %d is -2147483648, %x is 80000000
  2147483647: %d is 2147483647, %x is 7fffffff
  groups by %d: 2
mawk
  8123456789012345: %d is 2147483647, %x is ffffffff
  8123456789012346: %d is 2147483647, %x is ffffffff
  9007199254740991: %d is 2147483647, %x is ffffffff
  2147483648: %d is 2147483647, %x is 80000000
  2147483647: %d is 2147483647, %x is 7fffffff
  groups by %d: 1
gawk
  8123456789012345: %d is 8123456789012345, %x is 1cdc3dac41df79
  8123456789012346: %d is 8123456789012346, %x is 1cdc3dac41df7a
  9007199254740991: %d is 9007199254740991, %x is 1fffffffffffff
  2147483648: %d is 2147483648, %x is 80000000
  2147483647: %d is 2147483647, %x is 7fffffff
  groups by %d: 5
original-awk
  8123456789012345: %d is 8123456789012345, %x is 1cdc3dac41df79
  8123456789012346: %d is 8123456789012346, %x is 1cdc3dac41df7a
  9007199254740991: %d is 9007199254740991, %x is 1fffffffffffff
  2147483648: %d is 2147483648, %x is 80000000
  2147483647: %d is 2147483647, %x is 7fffffff
  groups by %d: 5
EXPECTED
