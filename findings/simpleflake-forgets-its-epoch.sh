#!/usr/bin/env bash
# Package:  PyPI simpleflake 0.1.5.
# Expected: simpleflake() takes an epoch, and parse_simpleflake() gives back the time that went in. The default epoch "starts at the
#           year 2000".
# Seen:     parse_simpleflake() has no epoch and always adds the default. With Twitter's epoch a time of January 2027 comes back as
#           one of March 2016. The default is 2000-01-01T05:00:00Z, midnight in New York.
# Matters:  the package's own reader is wrong for every ID that was made with an epoch of one's own, by years and without an error.
# Source:   simpleflake/simpleflake.py.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check simpleflake==0.1.5

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from datetime import datetime, timezone
from importlib.metadata import version

import simpleflake

print("simpleflake", version("simpleflake"))
print("default epoch:", datetime.fromtimestamp(simpleflake.SIMPLEFLAKE_EPOCH, timezone.utc).isoformat())
made = simpleflake.simpleflake(timestamp=1_800_000_000, epoch=1288834974.657)
back = simpleflake.parse_simpleflake(made).timestamp
print(f"made at {datetime.fromtimestamp(1_800_000_000, timezone.utc)} with Twitter's epoch, read as {datetime.fromtimestamp(back, timezone.utc)}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "simpleflake-forgets-its-epoch: this is not what was seen before" >&2; exit 1; }
simpleflake 0.1.5
default epoch: 2000-01-01T05:00:00+00:00
made at 2027-01-15 08:00:00+00:00 with Twitter's epoch, read as 2016-03-13 11:17:05.342000+00:00
EXPECTED
