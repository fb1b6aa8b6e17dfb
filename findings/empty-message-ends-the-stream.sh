#!/usr/bin/env bash
# Packages: PyPI delimited-protobuf 1.0.0 beside protobuf 6.33.1.
# Expected: a reader of messages with their lengths in front, the format of writeDelimitedTo, returns each message, and None at the
#           end of the stream. A message whose bytes are not all there is an error.
# Seen:     a proto3 message whose fields all have their defaults has no bytes. delimited-protobuf returns None for it, as at the
#           end, so a loop until None ends there; its own writer wrote it. From a stream without a buffer, such as a pipe or a
#           socket, it takes what one read() returns for the whole message: of three IDs two come, without an error, where the bytes
#           end between two fields. protobuf's own parse_length_prefixed returns the empty message, and refuses the short one.
# Matters:  of a file of answers, those after the first empty one are not read. A batch of IDs from a socket may be short.
# Source:   the package's own code: delimited_protobuf.py, read. Its README says nothing of the end, of empty messages or of streams
#           without a buffer. protobuf: google/protobuf/proto.py, parse_length_prefixed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check delimited-protobuf==1.0.0 protobuf==6.33.1

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import io
import os
from importlib.metadata import version

import delimited_protobuf
from google.protobuf import proto
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.wrappers_pb2 import UInt64Value

readers = {
    "delimited-protobuf": lambda stream, kind: delimited_protobuf.read(stream, kind),
    "protobuf": lambda stream, kind: proto.parse_length_prefixed(kind, stream),
}


def written(*messages):
    stream = io.BytesIO()
    for message in messages:
        delimited_protobuf.write(stream, message)
    return stream.getvalue()


numbers = written(*(UInt64Value(value=each) for each in (7, 0, 8)))
ids = written(FieldMask(paths=[str(1116766490855473153 + each) for each in range(3)]))
print("7, 0 and 8:", numbers.hex())
for name, read in readers.items():
    print(name, version(name))
    stream = io.BytesIO(numbers)
    print("  four reads:", *("None" if message is None else message.value for message in (read(stream, UInt64Value) for _ in range(4))))
    reader, writer = os.pipe()
    os.write(writer, ids[:43])
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        try:
            print(f"  three IDs, of which 43 of {len(ids)} bytes are there:", *read(pipe, FieldMask).paths)
        except ValueError as error:
            print("  three IDs:", error)
    os.close(writer)
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "empty-message-ends-the-stream: this is not what was seen before" >&2; exit 1; }
7, 0 and 8: 02080700020808
delimited-protobuf 1.0.0
  four reads: 7 None 8 None
  three IDs, of which 43 of 64 bytes are there: 1116766490855473153 1116766490855473154
protobuf 6.33.1
  four reads: 7 0 8 None
  three IDs: Truncated message or non-buffered input_bytes: Expected 63 bytes but only 42 bytes parsed for FieldMask.
EXPECTED
