#!/usr/bin/env bash
# Packages: PyPI uuid7 0.1.0, uuid6 2025.0.1, uuid7-standard 1.1.2 and edwh-uuid7 0.2.3.
# Expected: a version 7 UUID begins with 48 bits of milliseconds since 1970 (RFC 9562, 5.7), so those of all packages sort by time
#           together, and one package reads the other's time.
# Seen:     uuid7 0.1.0 follows a draft of 2021: 36 bits of seconds, then 24 of fractions. It calls itself version 7 all the same.
#           Readers of the RFC find the year 2203 in it, and it finds 1984 in theirs.
# Matters:  a table with IDs of both has all the old ones after all the new ones, for good: an index, a page token or a
#           partition by time is wrong.
# Source:   uuid_extensions/uuid7.py; RFC 9562, 5.7.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
install() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$work/packages" "$1==$2"; }
install uuid7 0.1.0
install uuid6 2025.0.1
install uuid7-standard 1.1.2
install edwh-uuid7 0.2.3
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python-dateutil==2.9.0.post0

PYTHONPATH="$work/packages" "$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from datetime import datetime, timezone
from importlib.metadata import version

import edwh_uuid7
import uuid6
import uuid7
import uuid_extensions

now = 1_800_000_000.25  # A binary fraction: no package loses a millisecond of it.
time.time_ns = lambda: 1_800_000_000_250_000_000
made = {
    "uuid7": uuid_extensions.uuid7(ns=time.time_ns()),
    "uuid6": uuid6.uuid7(),
    "uuid7-standard": uuid7.create(datetime.fromtimestamp(now, timezone.utc)),
    "edwh-uuid7": edwh_uuid7.uuid7(),
}
for name, each in made.items():
    print(f"{name} {version(name)}: {str(each)[:13]}…, version {each.version}, read by uuid7-standard as {uuid7.time(each).date()},",
          f"by uuid7 as {uuid_extensions.uuid_to_datetime(each).date()}")
print("in their order:", *sorted(made, key=lambda name: str(made[name])[:8]))
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "two-layouts-called-uuid7: this is not what was seen before" >&2; exit 1; }
uuid7 0.1.0: 06b49d20-0400…, version 7, read by uuid7-standard as 2203-08-21, by uuid7 as 2027-01-15
uuid6 2025.0.1: 01a3185c-50fa…, version 7, read by uuid7-standard as 2027-01-15, by uuid7 as 1983-12-05
uuid7-standard 1.1.2: 01a3185c-50fa…, version 7, read by uuid7-standard as 2027-01-15, by uuid7 as 1983-12-05
edwh-uuid7 0.2.3: 01a3185c-50fa…, version 7, read by uuid7-standard as 2027-01-15, by uuid7 as 1983-12-05
in their order: uuid6 uuid7-standard edwh-uuid7 uuid7
EXPECTED
