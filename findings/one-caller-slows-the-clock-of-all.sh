#!/usr/bin/env bash
# Package:  PyPI short-unique-id 0.3.0.
# Expected: get_next_snowflake_id(mult) concerns the ID that it returns, and IDs rise.
# Seen:     mult, the ticks in a second, is set in the module's one generator and stays. With 1,000 after the default of 10,000 the
#           time in all later IDs is a tenth: they are below every ID that was given out before, for as long as the process lives,
#           and go over the numbers of the first years of the old scale.
# Matters:  a library that asks for shorter IDs changes those of the whole process. Two processes with different mult share one space
#           of numbers, and no reader can tell which scale an ID has.
# Source:   short_unique_id/short_id.py, get_next_snowflake_id; short_unique_id/snowflake.py, set_mult.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check short-unique-id==0.3.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from importlib.metadata import version

from short_unique_id import get_next_snowflake_id

print("short-unique-id", version("short-unique-id"))
now = 1_800_000_000.0
time.time = lambda: now
epoch = 1577817000
for mult in (None, 1_000, None):
    now += 1
    made = get_next_snowflake_id(mult)
    print(f"get_next_snowflake_id({mult or ''}): {made >> 29} ticks, which in ticks of 0.1 ms is {epoch + (made >> 29) / 10_000 - now:+.0f} s from now")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "one-caller-slows-the-clock-of-all: this is not what was seen before" >&2; exit 1; }
short-unique-id 0.3.0
get_next_snowflake_id(): 2221830010000 ticks, which in ticks of 0.1 ms is +0 s from now
get_next_snowflake_id(1000): 222183002000 ticks, which in ticks of 0.1 ms is -199964702 s from now
get_next_snowflake_id(): 222183003000 ticks, which in ticks of 0.1 ms is -199964703 s from now
EXPECTED
