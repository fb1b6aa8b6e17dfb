#!/usr/bin/env bash
# Packages: PyPI py-xid 1.0.0 and flakely 2024.1.31.
# Expected: both put the process number into the ID, so that two processes of one host never make the same one.
# Seen:     py-xid reads it once, when it is imported, and its counter begins with the first ID. Children that are forked after that
#           carry the parent's number and go on from the parent's count: they make the same IDs. flakely does not read the process
#           number at all. os.P_PID, which it takes for it, is a constant of waitid, 1 on Linux in each process.
# Matters:  a server that loads the application before it forks has workers that repeat each other, second by second.
# Source:   xid/xid.py, pid and xid_generator; flakely.py, __init__.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check py-xid==1.0.0 flakely==2024.1.31

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import os
import time
from importlib.metadata import version

import flakely
import xid

now = 1_800_000_000
time.time = lambda: now


def of_child(make):
    """What a child of this process makes, and its process number."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, "\n".join([make() for _ in range(3)]).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as stream:
        return stream.read().split(), child


def compare(name, make, process):
    make()  # The application used an ID before it forked.
    (first, one), (second, two) = of_child(make), of_child(make)
    print(f"{name} {version(name)}: two children of different numbers: {one != two};",
          f"IDs of both: {len(set(first) & set(second))} of {len(first)}; {process()}")


compare("py-xid", lambda: str(xid.XID()), lambda: f"process in the ID is the parent's: {xid.XID().pid() == os.getpid() & 0xFFFF}")
flakes = flakely.Flakely(device=7)
compare("flakely", lambda: str(flakes.generate()), lambda: f"process in the ID: {int.from_bytes(flakes.generate_bytes()[2:6], 'little')}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "process-number-from-before-the-fork: this is not what was seen before" >&2; exit 1; }
py-xid 1.0.0: two children of different numbers: True; IDs of both: 3 of 3; process in the ID is the parent's: True
flakely 2024.1.31: two children of different numbers: True; IDs of both: 3 of 3; process in the ID: 1
EXPECTED
