#!/usr/bin/env bash
# Packages: PyPI bson 0.5.10 and pymongo 4.15.4.
# Expected: BSON that one package wrote is what the other reads. BSON has no unsigned 64-bit number, so an ID of 2^63 or more is
#           refused, as pymongo does.
# Seen:     bson 0.5.10 writes it with type 0x11. That is BSON's timestamp, which MongoDB keeps for its own use. pymongo reads a
#           Timestamp of seconds and a counter. Below 2^63 both agree.
# Matters:  an ID of the layouts discord and instagram in the second half of their life changes its type in the column: it is found
#           by no query for a number, and sorts behind all of them.
# Source:   bson/codec.py, encode_uint64_element; BSON's specification, "\x11".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/writer"
"$work/writer/bin/pip" install --quiet --disable-pip-version-check bson==0.5.10
python3 -m venv "$work/reader"
"$work/reader/bin/pip" install --quiet --disable-pip-version-check pymongo==4.15.4

for id in 9223372036854775807 10446744073709551617; do
    "$work/writer/bin/python" - "$id" >"$work/document" <<'PYTHON'
import sys

import bson

sys.stdout.buffer.write(bson.dumps({"id": int(sys.argv[1])}))
PYTHON
    "$work/reader/bin/python" - "$id" "$work/document" <<'PYTHON'
import sys
from importlib.metadata import version

import bson

with open(sys.argv[2], "rb") as file:
    document = file.read()
print(f"{sys.argv[1]}: bson 0.5.10 writes type 0x{document[4]:02x}, pymongo {version('pymongo')} reads {bson.decode(document)['id']!r}")
try:
    bson.encode({"id": int(sys.argv[1])})
except Exception as error:
    print(f"  pymongo itself: {type(error).__name__}: {error}")
PYTHON
done >"$work/seen"

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "upper-half-becomes-a-date-in-bson: this is not what was seen before" >&2; exit 1; }
9223372036854775807: bson 0.5.10 writes type 0x12, pymongo 4.15.4 reads 9223372036854775807
10446744073709551617: bson 0.5.10 writes type 0x11, pymongo 4.15.4 reads Timestamp(2432322146, 3303014401)
  pymongo itself: OverflowError: MongoDB can only handle up to 8-byte ints
EXPECTED
