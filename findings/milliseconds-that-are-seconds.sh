#!/usr/bin/env bash
# Package:  PyPI edwh-uuid7 0.2.3, uuid7(timestamp_ms=…).
# Expected: timestamp_ms is a Unix time in milliseconds, as its name and the next parameter's, timestamp_ns, say.
# Seen:     it is one in seconds. Real milliseconds are multiplied by a thousand million, masked to 48 bits without a word, and read
#           back as some year: 5492 for one in 2027.
# Matters:  the lowest UUID of a day, made for "all rows since", lies anywhere. One that was made for a stored time does not sort by it.
# Source:   edwh_uuid7/core.py, uuid7.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check edwh-uuid7==0.2.3 python-dateutil==2.9.0.post0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from importlib.metadata import version

from edwh_uuid7 import uuid7, uuid7_to_datetime

print("edwh-uuid7", version("edwh-uuid7"))
print("2027-01-15 08:00:00.123 in milliseconds:", uuid7_to_datetime(uuid7(timestamp_ms=1_800_000_000_123)))
print("2027-01-15 08:00:00 in seconds:         ", uuid7_to_datetime(uuid7(timestamp_ms=1_800_000_000)))
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "milliseconds-that-are-seconds: this is not what was seen before" >&2; exit 1; }
edwh-uuid7 0.2.3
2027-01-15 08:00:00.123 in milliseconds: 5492-03-16 22:50:59.063995+00:00
2027-01-15 08:00:00 in seconds:          2027-01-15 08:00:00+00:00
EXPECTED
