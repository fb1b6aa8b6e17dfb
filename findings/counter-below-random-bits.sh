#!/usr/bin/env bash
# Package:  PyPI ulid-pure 0.1.0, ULID().gen().
# Expected: "monotonic counter within same millisecond": a ULID sorts after those that the generator made before it.
# Seen:     the counter is in the low 16 bits, and 64 fresh random bits are above it. Within a millisecond the order is random.
# Matters:  "everything after the last ULID I saw" skips some of its millisecond for good.
# Source:   ulid_pure/__init__.py, gen; the ULID specification, "Monotonicity".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ulid-pure==0.1.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from importlib.metadata import version

from ulid_pure import ULID

print("ulid-pure", version("ulid-pure"))
time.time = lambda: 1_800_000_000.25
ids = ULID()
made = [ids.gen() for _ in range(10_000)]
counters = [ids.parse(each)[1] & 0xFFFF for each in made]
print("counters count up:", counters == list(range(10_000)))
lower = sum(later < earlier for earlier, later in zip(made, made[1:]))
print("of 10,000 in one millisecond, lower than the one before:", "about half" if 4500 < lower < 5500 else lower)
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "counter-below-random-bits: this is not what was seen before" >&2; exit 1; }
ulid-pure 0.1.0
counters count up: True
of 10,000 in one millisecond, lower than the one before: about half
EXPECTED
