#!/usr/bin/env bash
# Package:  PyPI snowflake-id-toolkit 0.6.0.
# Expected: IDs of a generator with its defaults fit in a signed 64-bit column, as Instagram's own do until 2046.
# Seen:     InstagramSnowflakeIDGenerator has 41 bits of milliseconds on top, and an epoch of 1970 unless it is told otherwise. The
#           top bit has been set since November 2004, so that every ID it makes is above 2^63. SQLite refuses it, and struct's signed
#           64 bits as well. In September 2039 the field is full.
# Matters:  the generator cannot be used with a bigint column, PostgreSQL's or another, without an epoch of one's own; and an epoch
#           that is chosen later makes IDs smaller than all before.
# Source:   snowflake_id_toolkit/instagram/_config.py and _generator.py.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check snowflake-id-toolkit==0.6.0 typing_extensions==4.15.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import sqlite3
import struct
from importlib.metadata import version

from snowflake_id_toolkit import InstagramSnowflakeIDGenerator

print("snowflake-id-toolkit", version("snowflake-id-toolkit"))
made = int(InstagramSnowflakeIDGenerator(17).generate_next_id())
print("above 2^63:", made >= 2**63)
table = sqlite3.connect(":memory:")
table.execute("CREATE TABLE posts (id INTEGER)")
try:
    table.execute("INSERT INTO posts VALUES (?)", (made,))
except OverflowError as error:
    print("SQLite:", error)
try:
    struct.pack(">q", made)
except struct.error:
    print("struct refuses it")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "past-the-sign-from-the-first-id: this is not what was seen before" >&2; exit 1; }
snowflake-id-toolkit 0.6.0
above 2^63: True
SQLite: Python int too large to convert to SQLite INTEGER
struct refuses it
EXPECTED
