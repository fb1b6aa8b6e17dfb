#!/usr/bin/env bash
# Packages: PyPI fastavro 1.13.1 and avro 1.12.2 (Apache's).
# Expected: an int of Python's that goes into a union with "long" and "double" is written as the long, in whichever order they stand:
#           its value is a long's, and a double has no room for it.
# Seen:     fastavro takes the first branch that a number fits in, avro the last. To both an int fits in a double. So each of the two
#           orders loses the low digits of IDs in one of the packages, and both lose them without a word. fastavro also reads a
#           column that was written as plain long into a double, where the reader's schema has a union with the double first.
# Matters:  a union of both is what schemas that were derived from JSON, and columns that were widened later, have. IDs of one tick
#           become one, and the file looks the same: its schema has the long in it.
# Source:   fastavro/_write_py.py, write_union, and fastavro/_read_py.py; avro/io.py, write_union. Apache Avro's specification has "the
#           first schema in the reader's union that matches", and lets a long match a double; for writers it says nothing.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check fastavro==1.13.1 avro==1.12.2

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import io
import json
from importlib.metadata import version

import avro.io
import avro.schema
import fastavro

ids = [1116766490855473152, 1116766490855473153]


def record(kind):
    return {"type": "record", "name": "order", "fields": [{"name": "id", "type": kind}]}


def written_by_fastavro(kind, each):
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(record(kind)), {"id": each})
    return stream.getvalue()


def written_by_avro(kind, each):
    stream = io.BytesIO()
    avro.io.DatumWriter(avro.schema.parse(json.dumps(record(kind)))).write({"id": each}, avro.io.BinaryEncoder(stream))
    return stream.getvalue()


def read_by_fastavro(data, kind, reader=None):
    return fastavro.schemaless_reader(io.BytesIO(data), record(kind), reader and record(reader))["id"]


def read_by_avro(data, kind, reader=None):
    schemas = [avro.schema.parse(json.dumps(record(each))) for each in (kind, reader or kind)]
    return avro.io.DatumReader(*schemas).read(avro.io.BinaryDecoder(io.BytesIO(data)))["id"]


print(f"fastavro {version('fastavro')}, avro {version('avro')}; {ids[0]} and {ids[1]}")
for kind in (["null", "double", "long"], ["null", "long", "double"]):
    print(f"written as {kind}")
    for name, write in (("fastavro", written_by_fastavro), ("avro", written_by_avro)):
        data = [write(kind, each) for each in ids]
        both = [[read(each, kind) for each in data] for read in (read_by_fastavro, read_by_avro)]
        assert both[0] == both[1]
        print(f"  by {name}, read by both:", *both[0])
kind, reader = "long", ["null", "double", "long"]
print(f"written as {kind}, read as {reader}")
for name, read in (("fastavro", read_by_fastavro), ("avro", read_by_avro)):
    print(f"  by {name}:", *(read(written_by_avro(kind, each), kind, reader) for each in ids))
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "union-loses-ids-in-avro: this is not what was seen before" >&2; exit 1; }
fastavro 1.13.1, avro 1.12.2; 1116766490855473152 and 1116766490855473153
written as ['null', 'double', 'long']
  by fastavro, read by both: 1.1167664908554732e+18 1.1167664908554732e+18
  by avro, read by both: 1116766490855473152 1116766490855473153
written as ['null', 'long', 'double']
  by fastavro, read by both: 1116766490855473152 1116766490855473153
  by avro, read by both: 1.1167664908554732e+18 1.1167664908554732e+18
written as long, read as ['null', 'double', 'long']
  by fastavro: 1.1167664908554732e+18 1.1167664908554732e+18
  by avro: 1116766490855473152 1116766490855473153
EXPECTED
