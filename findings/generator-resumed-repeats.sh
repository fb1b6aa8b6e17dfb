#!/usr/bin/env bash
# Package:  PyPI snowflake-id 1.0.2.
# Expected: SnowflakeGenerator.from_snowflake(last) goes on where the last ID was, as the name says: it takes over its time, its
#           sequence and its epoch.
# Seen:     with epoch 0 it does. With any other epoch it subtracts the epoch from a time that has none in it any more, so the last
#           time lies decades back, the present millisecond counts as a new one, and the sequence begins at 0 again. While the clock
#           is behind, next() returns None, not an ID and not an error.
# Matters:  a process that hands its generator over, or restarts from the last ID it stored, repeats the IDs of that millisecond.
# Source:   snowflake/snowflake.py, from_snowflake and __init__.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check snowflake-id==1.0.2

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from importlib.metadata import version

import snowflake.snowflake as package
from snowflake import Snowflake, SnowflakeGenerator

print("snowflake-id", version("snowflake-id"))
now = 1_800_000_000.5
package.time = lambda: now
for epoch in (0, 1288834974657):
    first = SnowflakeGenerator(7, epoch=epoch)
    before = [next(first) for _ in range(3)]
    resumed = SnowflakeGenerator.from_snowflake(Snowflake.parse(before[-1], epoch=epoch))
    after = [next(resumed) for _ in range(3)]
    print(f"epoch {epoch}: sequences {[each & 4095 for each in before]}, then {[each & 4095 for each in after]};",
          f"{len(set(before) & set(after))} IDs twice")
now -= 1
print("with the clock a second behind:", next(first))
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "generator-resumed-repeats: this is not what was seen before" >&2; exit 1; }
snowflake-id 1.0.2
epoch 0: sequences [1, 2, 3], then [4, 5, 6]; 0 IDs twice
epoch 1288834974657: sequences [1, 2, 3], then [0, 1, 2]; 2 IDs twice
with the clock a second behind: None
EXPECTED
