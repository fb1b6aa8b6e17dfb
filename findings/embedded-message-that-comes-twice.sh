#!/usr/bin/env bash
# Packages: Debian 12's libprotobuf-c-dev and protobuf-c-compiler 1.4.1; PyPI protobuf 6.33.1 with grpcio-tools 1.76.0.
# Expected: an embedded message that comes in two parts is merged, as Protocol Buffers' encoding asks of every parser.
# Seen:     protobuf-c carries the string of the first part over, but not the number: it is 0, as if it had never been sent. Google's
#           own parser has both.
# Matters:  two messages put behind one another are one message that holds both, and a writer may rely on that. A layout of 41 bits
#           of time and 10 of worker then arrives as one of 0 and 10.
# Source:   "Encoding", "Last One Wins", protobuf.dev/programming-guides/encoding; protobuf-c.c, merge_messages.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'libprotobuf-c1=1.4.1*' 'libprotobuf-c-dev=1.4.1*' 'protobuf-c-compiler=1.4.1*' 'libprotoc32' 'libprotobuf32'
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libprotobuf-c.so.1)
export LD_LIBRARY_PATH
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check protobuf==6.33.1 grpcio-tools==1.76.0

cat >reply.proto <<'PROTO'
syntax = "proto3";
message Layout { uint32 time_bits = 1; uint32 worker_bits = 2; string name = 3; }
message Reply { Layout layout = 1; }
PROTO
root/usr/bin/protoc-c --c_out=. reply.proto
venv/bin/python -m grpc_tools.protoc -I. --python_out=. reply.proto

cat >read.c <<'C'
#include <stdio.h>

#include "reply.pb-c.h"

int main(void) {
    uint8_t bytes[64];
    size_t count = fread(bytes, 1, sizeof bytes, stdin);
    Reply *reply = reply__unpack(NULL, count, bytes);
    printf("protobuf-c %s: time %u, worker %u, name %s\n", protobuf_c_version(), reply->layout->time_bits, reply->layout->worker_bits, reply->layout->name);
    reply__free_unpacked(reply, NULL);
}
C
cc -Iroot/usr/include -I. read.c reply.pb-c.c "$LD_LIBRARY_PATH/libprotobuf-c.so.1" -o read

cat >make.py <<'PYTHON'
import sys
from importlib.metadata import version

import reply_pb2

parts = [reply_pb2.Reply(layout=reply_pb2.Layout(time_bits=41, name="mine")), reply_pb2.Reply(layout=reply_pb2.Layout(worker_bits=10))]
both = b"".join(part.SerializeToString() for part in parts)
if sys.argv[1] == "write":
    sys.stdout.buffer.write(both)
else:
    layout = reply_pb2.Reply.FromString(both).layout
    print(f"protobuf {version('protobuf')}: time {layout.time_bits}, worker {layout.worker_bits}, name {layout.name}")
PYTHON
{
    venv/bin/python make.py read
    venv/bin/python make.py write | ./read
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "embedded-message-that-comes-twice: this is not what was seen before" >&2; exit 1; }
protobuf 6.33.1: time 41, worker 10, name mine
protobuf-c 1.4.1: time 0, worker 10, name mine
EXPECTED
