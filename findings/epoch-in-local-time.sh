#!/usr/bin/env bash
# Packages: PyPI py-snowflake-id 0.0.1 and discord-snowflake 0.0.1.
# Expected: the epoch is an instant, and the same one everywhere.
# Seen:     py-snowflake-id counts from the first of January 2023 at midnight in the time zone of the machine. discord-snowflake
#           takes the time of day in UTC for one in the machine's zone, so that its IDs are hours ahead or behind.
# Matters:  one worker number in two zones, or one machine whose TZ is changed, gives out the same IDs again some hours later.
#           The time in an ID is wrong by the zone's offset for everybody else.
# Source:   snowflake/snowflake.py, START_TS; discord_snowflake/snowflake.py, __init__.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
install() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$work/$1" "$1==$2"; }
install py-snowflake-id 0.0.1
install discord-snowflake 0.0.1

cat >"$work/epoch.py" <<'PYTHON'
import sys
from importlib.metadata import version

import snowflake.snowflake as package

now = 1_800_000_000.25 + float(sys.argv[2])
package.time = lambda: now
made = next(package.SnowflakeGenerator(instance=7))
of_epoch_2023 = (made >> 22) / 1000 + 1672531200
print(f"py-snowflake-id {version('py-snowflake-id')} TZ={sys.argv[1]}: at {now} made {made}, whose time is {of_epoch_2023 - now:+.0f} s off")
PYTHON
cat >"$work/discord.py" <<'PYTHON'
import sys
import time
from importlib.metadata import version

from discord_snowflake.snowflake import Snowflake

off = ((Snowflake().id >> 22) + 1420070400000) / 1000 - time.time()
print(f"discord-snowflake {version('discord-snowflake')} TZ={sys.argv[1]}: the time in an ID is {round(off) + 0:+d} s off")
PYTHON

while read -r zone later; do
    TZ=$zone PYTHONPATH="$work/py-snowflake-id" "$work/venv/bin/python" "$work/epoch.py" "$zone" "$later"
    TZ=$zone PYTHONPATH="$work/discord-snowflake" "$work/venv/bin/python" -W ignore "$work/discord.py" "$zone"
done >"$work/seen" <<'ZONES'
UTC 0
UTC+5 18000
UTC-8 -28800
ZONES

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "epoch-in-local-time: this is not what was seen before" >&2; exit 1; }
py-snowflake-id 0.0.1 TZ=UTC: at 1800000000.25 made 534642898763804673, whose time is +0 s off
discord-snowflake 0.0.1 TZ=UTC: the time in an ID is +0 s off
py-snowflake-id 0.0.1 TZ=UTC+5: at 1800018000.25 made 534642898763804673, whose time is -18000 s off
discord-snowflake 0.0.1 TZ=UTC+5: the time in an ID is +18000 s off
py-snowflake-id 0.0.1 TZ=UTC-8: at 1799971200.25 made 534642898763804673, whose time is +28800 s off
discord-snowflake 0.0.1 TZ=UTC-8: the time in an ID is -28800 s off
EXPECTED
