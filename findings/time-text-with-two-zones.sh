#!/usr/bin/env bash
# Package:  PyPI flakeid 0.1.1, DecodedID.generated_at.
# Expected: the time of an ID as ISO 8601 text in UTC, which a parser of such times reads.
# Seen:     the text ends in +00:00Z, an offset and a Z. RFC 3339 and ISO 8601 allow one of them. Python's datetime and GNU date
#           refuse it.
# Matters:  an audit log that keeps decoded IDs so cannot be loaded by its times.
# Source:   flakeid/generator.py, generated_at; RFC 3339, 5.6.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check flakeid==0.1.1

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import subprocess
from datetime import datetime
from importlib.metadata import version

from flakeid import SnowflakeGenerator

print("flakeid", version("flakeid"))
text = SnowflakeGenerator().decode(914503887044489216).generated_at
print("generated_at:", text)
try:
    print("datetime.fromisoformat:", datetime.fromisoformat(text))
except ValueError as error:
    print("datetime.fromisoformat:", error)
date = subprocess.run(["date", "--utc", "--date", text], capture_output=True, text=True, env={"LC_ALL": "C"})
print("date:", (date.stdout or date.stderr).strip())
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "time-text-with-two-zones: this is not what was seen before" >&2; exit 1; }
flakeid 0.1.1
generated_at: 2026-11-28T13:11:57.332+00:00Z
datetime.fromisoformat: Invalid isoformat string: '2026-11-28T13:11:57.332+00:00Z'
date: date: invalid date '2026-11-28T13:11:57.332+00:00Z'
EXPECTED
