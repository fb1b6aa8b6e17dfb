#!/usr/bin/env bash
# Packages: PyPI snowflake-util 1.0.0b7 and snowflake-id-toolkit 0.6.0.
# Expected: Instagram's layout counts milliseconds from 1314220021721 (2011-08-24), as Instagram published it.
# Seen:     snowflake-util counts from 1387263000000 (2013-12-17). Its times are also rounded to the whole second, up as well as
#           down. snowflake-id-toolkit counts from 1970 unless it is told otherwise. ID 2384288897814875714, which Instagram made
#           in August 2020, is of three years.
# Matters:  fields agree and look sound in all of them: only the date is wrong, and nothing says so.
# Source:   snowflake/enums.py and snowflake/snowflake.py; snowflake_id_toolkit/_id.py; "Sharding & IDs at Instagram", 2012.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    snowflake-util==1.0.0b7 snowflake-id-toolkit==0.6.0 typing_extensions==4.15.0

TZ=UTC "$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from datetime import datetime
from importlib.metadata import version

from snowflake import Snowflake
from snowflake_id_toolkit import InstagramSnowflakeID

number = 2384288897814875714
print(f"as published: {datetime.fromtimestamp(((number >> 23) + 1314220021721) / 1000)}")
date, shard, sequence = Snowflake().parse_instagram_snowflake(str(number))
print(f"snowflake-util {version('snowflake-util')}: {date}, shard {shard}, sequence {sequence}")
each = InstagramSnowflakeID(number)
print(f"snowflake-id-toolkit {version('snowflake-id-toolkit')}:",
      f"{datetime.fromtimestamp(each.timestamp_ms() / 1000)}, shard {each.node_id()}, sequence {each.sequence()}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "two-epochs-called-instagram: this is not what was seen before" >&2; exit 1; }
as published: 2020-08-26 13:43:27.313000
snowflake-util 1.0.0b7: 2022-12-19 23:26:26, shard 2675, sequence 578
snowflake-id-toolkit 0.6.0: 1979-01-03 16:36:25.592000, shard 2675, sequence 578
EXPECTED
