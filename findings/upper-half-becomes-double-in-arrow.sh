#!/usr/bin/env bash
# Packages: PyPI pyarrow 26.0.1, beside polars 2.1.0, duckdb 2.0.1 and pandas 3.1.1.
# Expected: a column of whole numbers in CSV or JSON stays whole, in unsigned 64 bits if it has to.
# Seen:     pyarrow tries int64, then double. One ID of 2^63 or more makes the whole column double, also the IDs below, and nothing is
#           said. In CSV column_types={"id": uint64()} helps, in JSON an explicit schema. polars and duckdb take 128 bits, pandas
#           takes uint64.
# Matters:  in the second half of a layout's life without an unused top bit, the day on which the first ID reaches 2^63, a column that
#           was read well for years loses its low bits, worker and sequence.
# Source:   Apache Arrow's documentation of csv.ConvertOptions, column_types, and "Reading JSON files", "Automatic Type Inference".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1 pandas==3.1.1 numpy==2.4.6

cd "$work"
"$work/venv/bin/python" -W ignore - >"$work/seen" <<'PYTHON'
import io
from importlib.metadata import version

import duckdb
import pandas
import polars
import pyarrow.csv
import pyarrow.json

ids = [1116766490855473153, 1116766490855473154, 10446744073709551617]
text = "id\n" + "".join(f"{each}\n" for each in ids)
lines = "".join(f'{{"id":{each}}}\n' for each in ids)
for name, content in (("ids.csv", text), ("ids.json", lines)):
    with open(name, "w") as file:
        file.write(content)


def show(name, values, kind):
    print(f"{name}: {kind}, {len(set(values))} of {len(ids)} different, {'as written' if list(values) == ids else 'changed'}")


column = pyarrow.csv.read_csv("ids.csv")["id"]
show(f"pyarrow {version('pyarrow')}, CSV", column.to_pylist(), column.type)
column = pyarrow.json.read_json("ids.json")["id"]
show(f"pyarrow {version('pyarrow')}, JSON", column.to_pylist(), column.type)
options = pyarrow.csv.ConvertOptions(column_types={"id": pyarrow.uint64()})
column = pyarrow.csv.read_csv("ids.csv", convert_options=options)["id"]
show(f"pyarrow {version('pyarrow')}, CSV, told", column.to_pylist(), column.type)
column = polars.read_csv("ids.csv")["id"]
show(f"polars {version('polars')}, CSV", column.to_list(), column.dtype)
rows = duckdb.sql("select id, typeof(id) from 'ids.csv'").fetchall()
show(f"duckdb {version('duckdb')}, CSV", [row[0] for row in rows], rows[0][1])
column = pandas.read_csv("ids.csv")["id"]
show(f"pandas {version('pandas')}, CSV", column.tolist(), column.dtype)
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "upper-half-becomes-double-in-arrow: this is not what was seen before" >&2; exit 1; }
pyarrow 26.0.1, CSV: double, 2 of 3 different, changed
pyarrow 26.0.1, JSON: double, 2 of 3 different, changed
pyarrow 26.0.1, CSV, told: uint64, 3 of 3 different, as written
polars 2.1.0, CSV: Int128, 3 of 3 different, as written
duckdb 2.0.1, CSV: HUGEINT, 3 of 3 different, as written
pandas 3.1.1, CSV: uint64, 3 of 3 different, as written
EXPECTED
