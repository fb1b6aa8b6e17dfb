#!/usr/bin/env bash
# Packages: PyPI sonyflake-py 1.3.0, sonyflake-turbo 1.0.1 and snowflake-id-toolkit 0.6.0.
# Expected: what is called Sonyflake has one layout: 39 bits of 10 ms since 2014-09-01, 8 of sequence, 16 of machine.
# Seen:     sonyflake-turbo puts the machine above the sequence. snowflake-id-toolkit has 8 bits of node above 16 of sequence, and
#           counts from 1970. One machine at one instant makes three numbers, and sonyflake-turbo's machine 200 makes the number that
#           machine 51200 makes in Go's order.
# Matters:  services that share a table must not mix them, even when each has a machine ID of its own. Whoever decodes must know
#           the package, not the name of the layout.
# Source:   the packages' own code.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
install() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$work/$1" "$1==$2"; }
install sonyflake-py 1.3.0
install sonyflake-turbo 1.0.1
install snowflake-id-toolkit 0.6.0
"$work/venv/bin/pip" install --quiet --disable-pip-version-check typing_extensions==4.15.0

cat >"$work/ids.py" <<'PYTHON'
import datetime
import sys
import time
from importlib.metadata import version

now = 1_800_000_000.0
name = sys.argv[1]
if name == "sonyflake-py":
    from sonyflake import SonyFlake

    SonyFlake.current_time = lambda self: int(now * 100)
    ids = SonyFlake(machine_id=lambda: 200)
    ids.elapsed_time -= 1
    made = ids.next_id()
elif name == "sonyflake-turbo":
    from sonyflake_turbo import pure

    pure.time_ns = lambda: int(now * 1_000_000_000)
    made = next(pure.SonyFlake(200))
else:
    from snowflake_id_toolkit import SonyflakeIDGenerator

    time.time_ns = lambda: int(now * 1_000_000_000)
    made = SonyflakeIDGenerator(200).generate_next_id()
print(f"{name} {version(name)}, machine 200, first ID at {now:.0f}: {made}")
ticks = (made >> 24) + 1409529600 * 100
print(f"  read in Go's order: time {ticks / 100:.2f}, sequence {made >> 16 & 255}, machine {made & 65535}")
PYTHON
for name in sonyflake-py sonyflake-turbo snowflake-id-toolkit; do
    PYTHONPATH="$work/$name" "$work/venv/bin/python" "$work/ids.py" "$name"
done >"$work/seen"

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "three-orders-called-sonyflake: this is not what was seen before" >&2; exit 1; }
sonyflake-py 1.3.0, machine 200, first ID at 1800000000: 655100624240640200
  read in Go's order: time 1800000000.00, sequence 0, machine 200
sonyflake-turbo 1.0.1, machine 200, first ID at 1800000000: 655100624240691200
  read in Go's order: time 1800000000.00, sequence 0, machine 51200
snowflake-id-toolkit 0.6.0, machine 200, first ID at 1800000000: 3019898880013107200
  read in Go's order: time 3209529600.00, sequence 200, machine 0
EXPECTED
