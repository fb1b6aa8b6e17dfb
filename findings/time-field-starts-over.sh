#!/usr/bin/env bash
# Package:  PyPI snowflakekit 0.1.1.
# Expected: past the last time that its field can hold, a generator refuses, as Twitter's layout has to in 2080.
# Seen:     the time is masked to its bits, and starts over at 0 without a word. The default has 39 bits of milliseconds, which is
#           17.4 years, and its node, worker and sequence take all of the rest: from the ninth year on IDs are negative in a
#           signed column. The README's 32-bit configuration has 21 bits of milliseconds: it repeats itself every 35 minutes,
#           where the README speaks of 2.
# Matters:  the IDs of one worker come again, exactly. With an epoch of 2010 the default's time has its end in 2028.
# Source:   snowflakekit/generator.py, generate; README, "32-bit ID".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check snowflakekit==0.1.1

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import asyncio
import time
from importlib.metadata import version

from snowflakekit import SnowflakeConfig, SnowflakeGenerator

now = 1_800_000_000.0
time.time = lambda: now


def make(**options):
    return asyncio.run(SnowflakeGenerator(SnowflakeConfig(node_id=1, worker_id=2, **options)).generate())


print("snowflakekit", version("snowflakekit"))
readme = dict(epoch=1609459200000, time_bits=21, node_bits=1, worker_bits=6, total_bits=32)
for milliseconds, options in ((2**21, readme), (2**39, dict(epoch=1723323246031))):
    now = 1_800_000_000.0
    before = make(**options)
    now += milliseconds / 1000
    after = make(**options)
    print(f"{options.get('time_bits', 39)} bits of time: {before}, and {milliseconds / 1000:.0f} s later {after}")
now = 1_723_323_246.031 + 2**38 / 1000
made = make(epoch=1723323246031)
print(f"{2**38 / 1000 / 86400 / 365.25:.1f} years after the epoch: {made}, in a signed column {made - 2**64}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "time-field-starts-over: this is not what was seen before" >&2; exit 1; }
snowflakekit 0.1.1
21 bits of time: 4009755680, and 2097 s later 4009755680
39 bits of time: 2572844927033819136, and 549755814 s later 2572844927033819136
8.7 years after the epoch: 9223372036855054336, in a signed column -9223372036854497280
EXPECTED
