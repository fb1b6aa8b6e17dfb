#!/usr/bin/env bash
# Package:  PyPI snowflake-id-generator 2.0.0 (a port of yitter's IdGenerator).
# Expected: the package says that it stands a clock that is set back, as often as one likes: while the clock is behind, IDs get one
#           of four reserved sequence numbers, 1 to 4 in turn, and ticks that count down from the last one used.
# Seen:     the fifth step back has number 1 again, and counts down into ticks in which the first step back gave out number 1.
# Matters:  a clock that is stepped back again and again by a few milliseconds, as a time service may do, repeats IDs. They also
#           fall while the clock is behind: the newest ID is the lowest.
# Source:   id_generator/snowflake_m1.py, __next_normal_id and __calc_turn_back_id.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check snowflake-id-generator==2.0.0 redis==5.0.8

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from importlib.metadata import version

from id_generator import generator, options

print("snowflake-id-generator", version("snowflake-id-generator"))
start = now = 1_800_000_000_000
time.time_ns = lambda: now * 1_000_000
ids = generator.DefaultIdGenerator()
ids.set_id_generator(options.IdGeneratorOptions(worker_id=1))
given = {}


def take(count):
    taken = [ids.next_id() for _ in range(count)]
    parts = [f"{(each >> 12) - (start - 1582136402000):+d}/{each & 63}" for each in taken]
    print(f"clock {now - start:+4d}: ticks/sequences {' '.join(parts)}")
    for each in taken:
        if each in given:
            print(f"            {each} was given out before, with the clock at {given[each] - start:+d}")
        given[each] = now


take(1)
for _ in range(5):
    now -= 100
    take(6)
    now += 101
    take(1)
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "fifth-step-back-repeats: this is not what was seen before" >&2; exit 1; }
snowflake-id-generator 2.0.0
clock   +0: ticks/sequences +0/6
clock -100: ticks/sequences -1/1 -2/1 -3/1 -4/1 -5/1 -6/1
clock   +1: ticks/sequences +1/6
clock  -99: ticks/sequences +0/2 -1/2 -2/2 -3/2 -4/2 -5/2
clock   +2: ticks/sequences +1/7
clock  -98: ticks/sequences +0/3 -1/3 -2/3 -3/3 -4/3 -5/3
clock   +3: ticks/sequences +3/6
clock  -97: ticks/sequences +2/4 +1/4 +0/4 -1/4 -2/4 -3/4
clock   +4: ticks/sequences +4/6
clock  -96: ticks/sequences +3/1 +2/1 +1/1 +0/1 -1/1 -2/1
            892369297403969 was given out before, with the clock at -100
            892369297399873 was given out before, with the clock at -100
clock   +5: ticks/sequences +5/6
EXPECTED
