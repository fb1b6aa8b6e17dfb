#!/usr/bin/env bash
# Package:  PyPI sonyflake-py 1.3.0.
# Expected: 256 IDs in each 10 ms, then a sleep until the next 10 ms begin: 25,600 IDs a second, as in Go.
# Seen:     the time to sleep is computed in units of 10 ms and then divided by 100 a second time too few: each tick that is waited
#           for costs 100 ms. The generator does not catch up, so a busy one gives out 2,560 IDs a second. The lock is held meanwhile.
# Matters:  a tenth of the rate that the layout has. A clock that is set back by an hour stops the generator, at its next full
#           tick, for ten hours.
# Source:   sonyflake/sonyflake.py, sleep_time.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check sonyflake-py==1.3.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from importlib.metadata import version

from sonyflake import SonyFlake

print("sonyflake-py", version("sonyflake-py"))
for ticks in (1, 100, 360_000):
    print(f"{ticks * 10} ms to wait: it sleeps {SonyFlake.sleep_time(ticks):.1f} s")

ids = SonyFlake(machine_id=lambda: 1)
begin = time.monotonic()
for _ in range(256 * 5 + 1):
    ids.next_id()
took = time.monotonic() - begin
print("1,281 IDs, which the layout holds in 60 ms, took", "0.4 s or more" if took >= 0.4 else f"{took:.3f} s")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "sonyflake-sleeps-ten-times: this is not what was seen before" >&2; exit 1; }
sonyflake-py 1.3.0
10 ms to wait: it sleeps 0.1 s
1000 ms to wait: it sleeps 10.0 s
3600000 ms to wait: it sleeps 36000.0 s
1,281 IDs, which the layout holds in 60 ms, took 0.4 s or more
EXPECTED
