#!/usr/bin/env bash
# Package:  PyPI droops-snowflake 1.0.1.
# Expected: up to 4,096 IDs in a millisecond; past them nextId() waits for the next.
# Seen:     the second call within a millisecond raises UnboundLocalError: the sequence is a name of the function there, and of the
#           module elsewhere. So an ID's sequence number is always 0. Importing it prints a line to standard output.
# Matters:  it works in tests that make one ID, and fails in a loop, or under load when two requests meet in a millisecond.
# Source:   droopssnowflake/droops_snowflake.py.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check droops-snowflake==1.0.1

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from importlib.metadata import version

from droopssnowflake import droops_snowflake

print("droops-snowflake", version("droops-snowflake"))
time.time = lambda: 1_800_000_000.0
droops_snowflake.SequenceGenerator(9)
print("first ID of a millisecond:", droops_snowflake.nextId())
try:
    print("second:", droops_snowflake.nextId())
except UnboundLocalError:
    print("second: UnboundLocalError")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "second-id-of-a-millisecond-fails: this is not what was seen before" >&2; exit 1; }
[SNOWFLAKES] Snowflake module loaded! :catblush:
droops-snowflake 1.0.1
first ID of a millisecond: 1593540240998436864
second: UnboundLocalError
EXPECTED
