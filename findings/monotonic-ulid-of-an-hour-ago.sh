#!/usr/bin/env bash
# Package:  PyPI py-ulid 1.0.3, ulid.Monotonic.
# Expected: two ULIDs of one millisecond share its time, and the second is the first plus 1. A later one has its own time.
# Seen:     the time since the last one is taken from timedelta.microseconds, which leaves the whole seconds out. Whenever the part
#           beyond whole seconds is at most 1 ms, the ULID carries the time of the one before it, however long ago that was: one
#           in a thousand of those that are made at random moments.
# Matters:  the ULID of now has the time of an hour ago, and sorts directly behind the one of then.
# Source:   ulid/ulid.py, Monotonic.generate.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check py-ulid==1.0.3

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import datetime
import sys
from importlib.metadata import version

import ulid

print("py-ulid", version("py-ulid"))
start = now = 1_800_000_000.25


class Clock(datetime.datetime):
    @classmethod
    def now(cls, zone=None):
        return datetime.datetime.fromtimestamp(now, zone)


sys.modules[ulid.Monotonic.__module__].datetime = Clock
ids = ulid.Monotonic()
for later in (0, 3600.0005, 7200.5):
    now = start + later
    made = ids.generate()
    print(f"made {later} s later: its time is {(ids.decode(made)[0] / 1000 - start):.3f} s later")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "monotonic-ulid-of-an-hour-ago: this is not what was seen before" >&2; exit 1; }
py-ulid 1.0.3
made 0 s later: its time is 0.000 s later
made 3600.0005 s later: its time is 0.000 s later
made 7200.5 s later: its time is 7200.500 s later
EXPECTED
