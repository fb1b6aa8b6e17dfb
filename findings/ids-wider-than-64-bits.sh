#!/usr/bin/env bash
# Packages: PyPI snowflake-utils 0.1.3 and short-unique-id 0.3.0.
# Expected: both speak of Snowflake, and an ID made with the defaults is a 64-bit number.
# Seen:     snowflake-utils shifts microseconds, not milliseconds, by 22 bits when it is set to milliseconds, its default. The ID
#           has 73 bits. Set to microseconds it shifts milliseconds. short-unique-id has 29 bits below a count of 0.1 ms since
#           2020: 70 bits.
# Matters:  the IDs fit no 64-bit column, no bigint and no uint64 of a message.
# Source:   snowflake_utils/snowflake_id_generator.py, __next__; short_unique_id/snowflake.py, _next_id.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check snowflake-utils==0.1.3 short-unique-id==0.3.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import struct
from importlib.metadata import version

import short_unique_id
from snowflake_utils import SnowflakeIdGenerator, TimestampResolution


def fits(number):
    try:
        struct.pack(">Q", number)
        return "fits uint64"
    except struct.error:
        return "does not fit uint64"


print("snowflake-utils", version("snowflake-utils"))
for each in TimestampResolution:
    made = next(SnowflakeIdGenerator(node_id=5, timestamp_resolution=each))
    print(f"  {each.name}: {made.bit_length()} bits, {fits(made)}")
print("short-unique-id", version("short-unique-id"))
made = short_unique_id.get_next_snowflake_id()
print(f"  {made.bit_length()} bits, {fits(made)}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "ids-wider-than-64-bits: this is not what was seen before" >&2; exit 1; }
snowflake-utils 0.1.3
  MILLISECOND: 73 bits, does not fit uint64
  MICROSECOND: 63 bits, fits uint64
short-unique-id 0.3.0
  70 bits, does not fit uint64
EXPECTED
