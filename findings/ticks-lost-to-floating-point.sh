#!/usr/bin/env bash
# Packages: PyPI sonyflake 2.0.3, simpleflake 0.1.5 and edwh-uuid7 0.2.3.
# Expected: an ID that is made for a time in whole ticks gives this time back when it is taken apart.
# Seen:     each takes the time as a double of seconds, multiplies and cuts. For a quarter to a third of the times the product lies a
#           little below the whole number, and the ID belongs to the tick before: 10 ms earlier in sonyflake's compose(), 1 ms in
#           the others.
# Matters:  the lowest and the highest ID of a range are made so. A range that begins at the full second takes in the end of the one
#           before it, or leaves out its own last tick.
# Source:   sonyflake/sonyflake.py, _to_internal_time; simpleflake/simpleflake.py, simpleflake; edwh_uuid7/core.py, datetime_to_uuid7.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
install() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "$1==$2"; }
install sonyflake 2.0.3
install simpleflake 0.1.5
install edwh-uuid7 0.2.3
"$work/venv/bin/pip" install --quiet --disable-pip-version-check aiologic==0.17.1 python-dateutil==2.9.0.post0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

from edwh_uuid7 import datetime_to_uuid7, uuid7_to_datetime
from simpleflake import parse_simpleflake, simpleflake
from sonyflake import Sonyflake

ids = Sonyflake(start_time=datetime(2025, 1, 1, tzinfo=timezone.utc), machine_id=1)
first = datetime(2027, 1, 15, 8, tzinfo=timezone.utc)
for name, tick, there_and_back in (
    ("sonyflake", 10, lambda time: ids.to_time(ids.compose(time, 0, 1))),
    ("simpleflake", 1, lambda time: datetime.fromtimestamp(parse_simpleflake(simpleflake(time.timestamp())).timestamp, timezone.utc)),
    ("edwh-uuid7", 1, lambda time: uuid7_to_datetime(datetime_to_uuid7(time.isoformat()))),
):
    times = [first + each * timedelta(milliseconds=tick) for each in range(1000)]
    off = [round((there_and_back(each) - each) / timedelta(milliseconds=1)) for each in times]
    print(f"{name} {version(name)}: of 1,000 times {sum(map(bool, off))} come back {min(off)} ms off")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "ticks-lost-to-floating-point: this is not what was seen before" >&2; exit 1; }
sonyflake 2.0.3: of 1,000 times 250 come back -10 ms off
simpleflake 0.1.5: of 1,000 times 240 come back -1 ms off
edwh-uuid7 0.2.3: of 1,000 times 375 come back -1 ms off
EXPECTED
