#!/usr/bin/env bash
# Packages: Debian 12's mksh 59c, zsh 5.9, dash 0.5.12, bash 5.2, busybox 1.35.0, ksh93u+m 1.0.4 and yash 2.52.
# Expected: $(( )) of a shell on a 64-bit system computes with 64 bits, signed. From 2^63 on an ID is refused, or wraps.
# Seen:     mksh has 32 bits everywhere: `id >> 22`, which is to give the time, is -126, and two IDs of the layout safe53 that are a
#           multiple of 2^32 apart are equal; lksh, from the same package, has 64 bits. From 2^63 on bash, BusyBox and lksh wrap. dash
#           takes 2^63 - 1 for a literal, so that two IDs are equal, and refuses the same ID in a variable. ksh93 and yash use a double:
#           in ksh93 the remainder of an ID is 9 in a variable and -8 as a literal, and in yash two IDs are equal. zsh drops the last
#           digit, says so on standard error, and ends with status 0.
# Matters:  a script that was written with bash finds another time, shard or remainder under another /bin/sh, and mksh is Android's.
#           Ask `firn decode` for an ID's fields, and compare IDs as text.
# Source:   the run below; mksh's manual, mksh(1), "Arithmetic expressions", says that it has 32 bits.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'mksh=59c*' 'zsh=5.9*' 'dash=0.5.12*' 'bash=5.2*' 'busybox=1:1.35.0*' 'ksh93u+m=1.0.4*' 'yash=2.52*'
for package in *.deb; do dpkg -x "$package" root; done
mkdir root/busybox
ln -s ../bin/busybox root/busybox/sh

tries() {
    local shell=$1 text says status
    for text in 'id >> 22' 'id % 10' "$2 % 10" "$2 == $3"; do
        says=$(env -i id="$2" "root/$shell" -c "echo \$(($text))" 2>error) && status=0 || status=$?
        printf '; %s' "${says:-no number}"
        if [ -s error ]; then printf ' and a message, status %s' "$status"; fi
    done
}

for ids in "1116766490855473153 1116766490855473154" "8123456789012345 8123461083979641" "9223372036854775809 9223372036854775810"; do
    read -ra each <<<"$ids"
    echo "ids $ids: id >> 22; id % 10; the literal % 10; one literal == the other"
    for shell in bin/bash busybox/sh bin/lksh bin/mksh bin/dash bin/ksh93 usr/bin/yash bin/zsh; do
        echo "  $shell$(tries "$shell" "${each[@]}")"
    done
done >seen

cat seen
diff - seen <<'EXPECTED' || { echo "shells-count-ids-in-five-ways: this is not what was seen before" >&2; exit 1; }
ids 1116766490855473153 1116766490855473154: id >> 22; id % 10; the literal % 10; one literal == the other
  bin/bash; 266257879938; 3; 3; 0
  busybox/sh; 266257879938; 3; 3; 0
  bin/lksh; 266257879938; 3; 3; 0
  bin/mksh; -126; -3; -3; 0
  bin/dash; 266257879938; 3; 3; 0
  bin/ksh93; 266257879938; 3; 3; 0
  usr/bin/yash; 266257879938; 3; 3; 0
  bin/zsh; 266257879938; 3; 3; 0
ids 8123456789012345 8123461083979641: id >> 22; id % 10; the literal % 10; one literal == the other
  bin/bash; 1936783025; 5; 5; 0
  busybox/sh; 1936783025; 5; 5; 0
  bin/lksh; 1936783025; 5; 5; 0
  bin/mksh; -335; -5; -5; 1
  bin/dash; 1936783025; 5; 5; 0
  bin/ksh93; 1936783025; 5; 5; 0
  usr/bin/yash; 1936783025; 5; 5; 0
  bin/zsh; 1936783025; 5; 5; 0
ids 9223372036854775809 9223372036854775810: id >> 22; id % 10; the literal % 10; one literal == the other
  bin/bash; -2199023255552; -7; -7; 0
  busybox/sh; -2199023255552; -7; -7; 0
  bin/lksh; -2199023255552; -7; -7; 0
  bin/mksh; 0; 1; 1; 0
  bin/dash; no number and a message, status 2; no number and a message, status 2; 7; 1
  bin/ksh93; 2199023255552; 9; -8; 0
  usr/bin/yash; -2199023255552; 8; 8; 1
  bin/zsh; 219902325555 and a message, status 0; 0 and a message, status 0; 0 and a message, status 0; 0 and a message, status 0
EXPECTED
