#!/usr/bin/env bash
# Package:  PyPI ulid2 0.3.0.
# Expected: a ULID that is made for a time has it to the millisecond, the unit of its time field.
# Seen:     given as a float it has. Given as a datetime it is cut to the whole second.
# Matters:  the lowest ULID of a stored time lies up to a second before it: rows of the page before come again. ULIDs made for 1,000
#           events of one second share one time, and their order is random.
# Source:   ulid2.py, generate_binary_ulid.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ulid2==0.3.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from datetime import datetime, timezone
from importlib.metadata import version

from ulid2 import generate_ulid_as_base32, get_ulid_timestamp

print("ulid2", version("ulid2"))
moment = datetime(2027, 1, 15, 8, 0, 0, 999_000, tzinfo=timezone.utc)
for name, each in (("float", moment.timestamp()), ("datetime", moment)):
    print(f"{moment.timestamp()} as a {name}: {get_ulid_timestamp(generate_ulid_as_base32(each))}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "datetime-loses-its-milliseconds: this is not what was seen before" >&2; exit 1; }
ulid2 0.3.0
1800000000.999 as a float: 1800000000.999
1800000000.999 as a datetime: 1800000000.0
EXPECTED
