#!/usr/bin/env bash
# Package:  PyPI kitx-snowflake 1.1.1.
# Expected: the upper 41 bits of an ID are the time at which it was made, as in every Snowflake.
# Seen:     the time is that of the first call. Later calls only count the sequence on: an ID that is made three seconds later is one
#           higher. The clock is read again when the 4,096 numbers are used up.
# Matters:  a process that makes an ID per second gives all IDs of its first hour the time of its start. A range of IDs for a range
#           of time misses them, and IDs of two processes do not sort by time.
# Source:   the IDs; the package is compiled.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check kitx-snowflake==1.1.1

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from importlib.metadata import version

from kitx_snowflake import fn_snowflake

print("kitx-snowflake", version("kitx-snowflake"))
first = fn_snowflake(3, 5)
for seconds in 1, 2, 3:
    time.sleep(1)
    made = fn_snowflake(3, 5)
    print(f"{seconds} s after the first ID: {made - first} higher, its time {(made >> 22) - (first >> 22)} ms later")
for _ in range(4096):
    made = fn_snowflake(3, 5)
print(f"4,096 IDs later its time is later: {made >> 22 > first >> 22}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "time-stands-still: this is not what was seen before" >&2; exit 1; }
kitx-snowflake 1.1.1
1 s after the first ID: 1 higher, its time 0 ms later
2 s after the first ID: 2 higher, its time 0 ms later
3 s after the first ID: 3 higher, its time 0 ms later
4,096 IDs later its time is later: True
EXPECTED
