#!/usr/bin/env bash
# Package:  PyPI snowflake.py 1.0.0.
# Expected: a generator that is made without an epoch has a fixed one, so that IDs after a restart are above those before.
# Seen:     the epoch is the time at which the generator was made. Every restart begins again at time 0. The count beside it also
#           begins at 0, and is taken modulo 4096 without a look at the clock: the 4097th ID of one millisecond is its first.
# Matters:  a process that is restarted gives out the IDs of its former life again, at the same age. The worker number and the low
#           5 bits of the process number do not help: a container's first process has the same number every time.
# Source:   snowflake/Generator.py, __init__ and generate.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check snowflake.py==1.0.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from importlib.metadata import version

from snowflake import Generator

print("snowflake.py", version("snowflake.py"))
now = 1_800_000_000.0
time.time = lambda: now

for life in ("first", "second"):
    ids = Generator(process_id=1)
    now += 5
    print(f"{life} life, after 5 s:", *(int(ids.generate()) for _ in range(3)))
    now += 3600

ids = Generator(epoch=1_500_000_000_000, process_id=1)
made = [int(ids.generate()) for _ in range(4097)]
print(f"{len(made)} IDs in one millisecond, {len(set(made))} of them different; the last is the first: {made[-1] == made[0]}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "epoch-is-the-first-call: this is not what was seen before" >&2; exit 1; }
snowflake.py 1.0.0
first life, after 5 s: 20971524096 20971524097 20971524098
second life, after 5 s: 20971524096 20971524097 20971524098
4097 IDs in one millisecond, 4096 of them different; the last is the first: True
EXPECTED
