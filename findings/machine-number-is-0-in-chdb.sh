#!/usr/bin/env bash
# Package:  PyPI chdb 4.4.0, ClickHouse in the process.
# Expected: generateSnowflakeID() puts a machine number into the ID, so that two processes never make the same one, and the time of
#           an ID is the millisecond in which it was made.
# Seen:     the machine number is made from the server's UUID, and a chdb process has none but zeros: its number is 0, in each process
#           and on each host. Two processes that run a query at the same time make the same IDs. A query of many rows takes its IDs
#           from the future, 4,096 for each millisecond: 60 million span 14 seconds, and the next process, which starts
#           at the present, makes them again. One process after the other is enough.
# Matters:  jobs that write Parquet files or rows with such IDs as keys write keys that are there already, without an error.
# Source:   ClickHouse's manual, generateSnowflakeID: 10 bits of a machine ID, which it does not explain; serverUUID().
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check chdb==4.4.0 chdb-core==26.9.0

cat >"$work/make.py" <<'PYTHON'
import sys

import chdb

print(chdb.query(sys.argv[1], "TSV"), end="")
PYTHON
query() { "$work/venv/bin/python" "$work/make.py" "$1"; }

cd "$work"
machine="select bitAnd(bitShiftRight(generateSnowflakeID(), 12), 1023), serverUUID()"
first="select min(id), max(id) from (select generateSnowflakeID() as id from numbers(60000000))"
second="select generateSnowflakeID()"
{
    query "select 'ClickHouse ' || version()"
    echo "machine and UUID of two processes: $(query "$machine" | xargs), $(query "$machine" | xargs)"
    read -r lowest highest < <(query "$first")
    next=$(query "$second")
    python3 - "$lowest" "$highest" "$next" <<'PYTHON'
import sys

lowest, highest, following = map(int, sys.argv[1:])
numbers = [each >> 22 << 12 | each % 4096 for each in (lowest, highest)]
print("60,000,000 IDs of one process leave none out:", numbers[1] - numbers[0] == 60_000_000 - 1)
print("  seconds from the first to the last:", ((highest >> 22) - (lowest >> 22)) // 1000)
print("  the first ID of a process that was started after it had ended is one of them:", lowest <= following <= highest)
PYTHON
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "machine-number-is-0-in-chdb: this is not what was seen before" >&2; exit 1; }
ClickHouse 26.9.2.1
machine and UUID of two processes: 0 00000000-0000-0000-0000-000000000000, 0 00000000-0000-0000-0000-000000000000
60,000,000 IDs of one process leave none out: True
  seconds from the first to the last: 14
  the first ID of a process that was started after it had ended is one of them: True
EXPECTED
