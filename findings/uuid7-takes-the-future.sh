#!/usr/bin/env bash
# Package:  PyPI uuid6 2025.0.1, uuid7().
# Expected: the time in a version 7 UUID is the millisecond in which it was made. RFC 9562 (6.2) has counters for those that are
#           made in the same one.
# Seen:     each UUID gets a millisecond of its own. The second one of a millisecond carries the next, and so on: 10,000 made in one
#           millisecond reach ten seconds into the future. A process beside it, or this one after a restart, then makes UUIDs that
#           sort before them.
# Matters:  "created after" by ID is wrong by as long as the bursts before were, and never gets right while more than 1,000 a
#           second are made.
# Source:   uuid6/__init__.py, uuid7.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check uuid6==2025.0.1

cat >"$work/make.py" <<'PYTHON'
import sys
import time
from importlib.metadata import version

import uuid6

now = int(sys.argv[1])
time.time_ns = lambda: now * 1_000_000
made = [uuid6.uuid7() for _ in range(int(sys.argv[2]))]
print(f"uuid6 {version('uuid6')}: {len(made)} made with the clock at {now} have times up to {made[-1].time - now:+d} ms,",
      f"the last is {str(made[-1])[:13]}…")
PYTHON
{
    "$work/venv/bin/python" "$work/make.py" 1800000000000 10000
    echo "restarted 5 s later:"
    "$work/venv/bin/python" "$work/make.py" 1800000005000 1
} >"$work/seen"

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "uuid7-takes-the-future: this is not what was seen before" >&2; exit 1; }
uuid6 2025.0.1: 10000 made with the clock at 1800000000000 have times up to +9999 ms, the last is 01a3185c-770f…
restarted 5 s later:
uuid6 2025.0.1: 1 made with the clock at 1800000005000 have times up to +0 ms, the last is 01a3185c-6388…
EXPECTED
