#!/usr/bin/env bash
# Package:  PyPI ulid-flake 0.1.3, UlidFlakeScalable.
# Expected: new(sid=…) puts the given scalability ID, this layout's worker number, into the low 5 bits.
# Seen:     the argument is not read. Every ID has the class's own sid, 0 unless set_config() was called. Between two nodes only 15
#           random bits are left to differ.
# Matters:  nodes that name themselves in the call share one number space. Two of them that make their first ID of a millisecond make
#           the same one once in 32,768.
# Source:   ulid_flake/scalable.py, new.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ulid-flake==0.1.3

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from importlib.metadata import version

from ulid_flake.scalable import UlidFlakeScalable

print("ulid-flake", version("ulid-flake"))
print("new(sid=1), new(sid=2), new(sid=31): sids", *(UlidFlakeScalable.new(sid=each).int & 31 for each in (1, 2, 31)))
UlidFlakeScalable.set_config(sid=7)
print("after set_config(sid=7), new(sid=1): sid", UlidFlakeScalable.new(sid=1).int & 31)
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "scalability-id-is-ignored: this is not what was seen before" >&2; exit 1; }
ulid-flake 0.1.3
new(sid=1), new(sid=2), new(sid=31): sids 0 0 0
after set_config(sid=7), new(sid=1): sid 7
EXPECTED
