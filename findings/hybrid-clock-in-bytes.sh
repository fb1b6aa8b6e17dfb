#!/usr/bin/env bash
# Package:  PyPI hlcpy 0.0.2, with iso8601 2.1.0.
# Expected: a hybrid logical clock has a counter so that the events of one tick differ. In its 8 bytes, 43 bits of milliseconds and
#           16 of the counter, the events of one millisecond differ by the counter.
# Seen:     the clock has nanoseconds, and counts only where two events have the same one. to_bytes rounds the nanoseconds up to the
#           next millisecond and leaves the counter, which is 0, as it is. So 500 events in half a millisecond have the same 8 bytes.
#           What is read back is up to a millisecond later than the event, and a clock that merges it is that far ahead. The bytes
#           are little-endian and do not sort by time. The 5 bits on top, which are documented as empty, are set.
# Matters:  as an ID, or as the version of a row, the bytes stand for several events. Of two updates in one millisecond neither is
#           the later one.
# Source:   hlcpy/__init__.py: millis, to_bytes, and the text of from_bytes, which has the milliseconds, the byte order and the empty
#           bits. The README does not mention bytes.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check hlcpy==0.0.2 iso8601==2.1.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import itertools
import time
from importlib.metadata import version

from hlcpy import HLC

print("hlcpy", version("hlcpy"))
start = 1_800_000_000_123_456_789
time.time_ns = itertools.count(start, 1000).__next__
clock = HLC.from_now()
events = []
for _ in range(500):
    clock.sync()
    events.append((clock.tuple(), str(clock), clock.to_bytes()))
print("500 events in 0.5 ms:", *(f"{len(set(each))} {name}" for name, each in zip(("times", "texts", "bytes"), zip(*events))))

event = HLC(start)
copy = HLC.from_bytes(event.to_bytes())
print("event:", event)
print("read back from its bytes:", copy, "later than the event:", event < copy)
time.time_ns = lambda: start + 5000
other = HLC()
other.merge(copy)
print("merged 5 µs after the event:", other, f"{other.nanos - time.time_ns()} ns ahead")

rising = [HLC(start + each * 100_000_000).to_bytes() for each in range(10)]
print("bytes of rising times:", *(each.hex() for each in rising[:3]), "sorted:", rising == sorted(rising))
print("top 5 bits:", f"{rising[0][7] >> 3:05b}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "hybrid-clock-in-bytes: this is not what was seen before" >&2; exit 1; }
hlcpy 0.0.2
500 events in 0.5 ms: 500 times 500 texts 1 bytes
event: 2027-01-15T08:00:00.123456789Z_0
read back from its bytes: 2027-01-15T08:00:00.124000000Z_0 later than the event: True
merged 5 µs after the event: 2027-01-15T08:00:00.124000000Z_1 538211 ns ahead
bytes of rising times: 00007c505c18a3f9 0000e0505c18a3f9 000044515c18a3f9 sorted: False
top 5 bits: 11111
EXPECTED
