#!/usr/bin/env bash
# Package:  Debian 12's rsyslog 8.2302.0 with libfastjson 1.2304.0.
# Expected: parse_json() reads a number, and a template writes it as it was; a number that does not fit is an error.
# Seen:     each JSON number from 2^63 on is read as 9223372036854775807 and written so: all these IDs are one. parse_json() returns 0,
#           which is success. As a JSON string the ID is written as it was, but cnum() wraps it, so that it is negative. IDs below 2^63 are
#           exact in both forms.
# Matters:  logs that pass through such a rule have one ID for all rows of the upper half, and there is no way back. Log IDs as JSON
#           strings, and do not compute with them.
# Source:   the run below; rsyslog's documentation, "parse_json", says that 0 is success.
set -euo pipefail

work=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server" 2>/dev/null; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'rsyslog=8.2302.0*' libestr0 'libfastjson4=1.2304.0*'
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libfastjson.so.4)
export LD_LIBRARY_PATH

cat >rsyslog.conf <<CONFIGURATION
global(workDirectory="$work")
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" file="$work/in" tag="in" ruleset="ids")
template(name="line" type="string" string="%msg%: parse_json %\$.parsed%, written as %\$!row!id%, cnum %\$.number%\n")
ruleset(name="ids") {
    set \$.parsed = parse_json(\$msg, "\\\$!row");
    set \$.number = cnum(\$!row!id);
    action(type="omfile" file="$work/out" template="line")
}
CONFIGURATION
for id in 1116766490855473153 9223372036854775807 9223372036854775809 9223372036854775810 18446744073709551615; do
    printf '{"id":%s}\n{"id":"%s"}\n' "$id" "$id"
done >in
root/usr/sbin/rsyslogd -n -f "$work/rsyslog.conf" -i "$work/pid" -M "$(dirname root/usr/lib/*/rsyslog/imfile.so)" 2>log &
server=$!
for _ in $(seq 100); do if [ -f out ] && [ "$(wc -l <out)" -eq 10 ]; then break; fi; sleep 0.1; done
cp out seen

cat seen
diff - seen <<'EXPECTED' || { echo "upper-half-is-one-number-in-rsyslog: this is not what was seen before" >&2; exit 1; }
{"id":1116766490855473153}: parse_json 0, written as 1116766490855473153, cnum 1116766490855473153
{"id":"1116766490855473153"}: parse_json 0, written as 1116766490855473153, cnum 1116766490855473153
{"id":9223372036854775807}: parse_json 0, written as 9223372036854775807, cnum 9223372036854775807
{"id":"9223372036854775807"}: parse_json 0, written as 9223372036854775807, cnum 9223372036854775807
{"id":9223372036854775809}: parse_json 0, written as 9223372036854775807, cnum 9223372036854775807
{"id":"9223372036854775809"}: parse_json 0, written as 9223372036854775809, cnum -9223372036854775807
{"id":9223372036854775810}: parse_json 0, written as 9223372036854775807, cnum 9223372036854775807
{"id":"9223372036854775810"}: parse_json 0, written as 9223372036854775810, cnum -9223372036854775806
{"id":18446744073709551615}: parse_json 0, written as 9223372036854775807, cnum 9223372036854775807
{"id":"18446744073709551615"}: parse_json 0, written as 18446744073709551615, cnum -1
EXPECTED
