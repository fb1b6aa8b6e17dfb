#!/usr/bin/env bash
# Packages: PyPI pydantic-snowflake 0.1.3 (with pydantic 2.14.4) and hipopayflake 1.1.8.
# Expected: when a tick's sequence numbers are used up, the generator waits for the next tick.
# Seen:     both have a loop that is to wait, with a condition that is false from the start: pydantic-snowflake's waits while the
#           tick is another one, hipopayflake's while the clock is behind. The sequence starts again at 0 in the same tick, and the
#           IDs of the tick come again. hipopayflake's 2 bits for a clock that was set back do not help, as the clock was not.
# Matters:  a burst of more than 4,096, or 512, IDs in a millisecond has the same IDs twice, on one machine with one generator.
# Source:   pydantic_snowflake/generator.py, __next__; hipopayflake/__init__.py, _wait_next_timestamp. The text of hipopayflake says
#           that 511 rising IDs can be made in a millisecond; neither says what comes after.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pydantic-snowflake==0.1.3 pydantic==2.14.4 hipopayflake==1.1.8

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from datetime import datetime
from importlib.metadata import version

import hipopayflake
import pydantic_snowflake.generator


class Clock(datetime):
    """It stands still."""

    @classmethod
    def now(cls, zone=None):
        return datetime(2027, 1, 15, 8, 0, 0, 123456, zone)


of_pydantic = pydantic_snowflake.generator.SnowflakeGenerator(worker_id=1)
of_hipopay = hipopayflake.HipopayIDWorker(1, 1, 0)
pydantic_snowflake.generator.datetime = hipopayflake.datetime = Clock
for name, make, size in (
    ("pydantic-snowflake", lambda: int(of_pydantic.next()), 4096),
    ("hipopayflake", of_hipopay.next_id, 512),
):
    ids = [make() for _ in range(size + 3)]
    print(f"{name} {version(name)}: {len(ids)} IDs, {len(set(ids))} different; number {size + 1} is number {ids.index(ids[size]) + 1}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "full-tick-starts-over: this is not what was seen before" >&2; exit 1; }
pydantic-snowflake 0.1.3: 4099 IDs, 4096 different; number 4097 is number 1
hipopayflake 1.1.8: 515 IDs, 512 different; number 513 is number 1
EXPECTED
