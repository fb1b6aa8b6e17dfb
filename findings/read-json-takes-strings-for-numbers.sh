#!/usr/bin/env bash
# Packages: PyPI pandas 2.3.3 and 3.1.1, read_json.
# Expected: an ID that is a string in JSON, so that no reader takes it for a double, is a string in the table.
# Seen:     read_json turns columns of strings into numbers where it can, by way of a double. In 2.3.3 all IDs come out as other
#           integers, without low bits. In 3.1.1 those below 2^63 are exact, and from 2^63 on they are floats. IDs in hexadecimal that
#           are digits but for an e become inf. A column whose name ends in _at becomes dates. dtype={"id": str} keeps the text.
# Matters:  the string was the way around 2^53, and here it leads back into it. IDs that differ in worker and sequence are equal, and
#           a join on the column finds the wrong rows.
# Source:   pandas' documentation of read_json, parameters dtype and convert_dates.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/read.py" <<'PYTHON'
import io
import json
from importlib.metadata import version

import pandas

print("pandas", version("pandas"))
for column, ids, options in (
    ("id", ["1116766490855473153", "1116766490855473154"], {}),
    ("id", ["10446744073709551617", "10446744073709551618"], {}),
    ("id", ["10446744073709551617", "10446744073709551618"], {"dtype": {"id": str}}),
    ("id", ["12345678901e2345", "1234567890123456"], {}),
    ("taken_at", ["1116766490855473153"], {}),
):
    read = pandas.read_json(io.StringIO(json.dumps([{column: each} for each in ids])), **options)[column]
    print(f"  {column} {' '.join(ids)}{' as str' if options else ''}: {' '.join(str(each) for each in read)}")
PYTHON
for versions in "2.3.3 2.3.5" "3.1.1 2.4.6"; do
    read -r pandas numpy <<<"$versions"
    python3 -m venv "$work/$pandas"
    "$work/$pandas/bin/pip" install --quiet --disable-pip-version-check "pandas==$pandas" "numpy==$numpy"
    "$work/$pandas/bin/python" -W ignore "$work/read.py"
done >"$work/seen"

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "read-json-takes-strings-for-numbers: this is not what was seen before" >&2; exit 1; }
pandas 2.3.3
  id 1116766490855473153 1116766490855473154: 1116766490855473152 1116766490855473152
  id 10446744073709551617 10446744073709551618: 1.0446744073709552e+19 1.0446744073709552e+19
  id 10446744073709551617 10446744073709551618 as str: 10446744073709551617 10446744073709551618
  id 12345678901e2345 1234567890123456: inf 1234567890123456.0
  taken_at 1116766490855473153: 2005-05-22 12:54:50.855473153
pandas 3.1.1
  id 1116766490855473153 1116766490855473154: 1116766490855473153 1116766490855473154
  id 10446744073709551617 10446744073709551618: 1.0446744073709552e+19 1.0446744073709552e+19
  id 10446744073709551617 10446744073709551618 as str: 10446744073709551617 10446744073709551618
  id 12345678901e2345 1234567890123456: inf 1234567890123456.0
  taken_at 1116766490855473153: 2005-05-22 12:54:50.855473153
EXPECTED
