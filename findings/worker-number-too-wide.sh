#!/usr/bin/env bash
# Packages: PyPI snowflake-id-generator 2.0.0, kitx-snowflake 1.1.1, shortsnowflakeid 1.0.0, snowflake.py 1.0.0, pysnowflake 0.1.3.
# Expected: a worker number that is too large for its field is refused, as Twitter's own code does.
# Seen:     none of the five says a word. Four keep the low bits, so that worker 32, 256 or 1024 is worker 0 again. One lets the
#           number run into the time: worker 64 of a 6-bit field is worker 0 one tick later.
# Matters:  a fleet that grows past the field's width starts to repeat IDs on the day its next worker comes up.
# Source:   each package's own code.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
install() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$work/$1" "$1==$2"; }
install snowflake-id-generator 2.0.0
install kitx-snowflake 1.1.1
install shortsnowflakeid 1.0.0
install snowflake.py 1.0.0
install pysnowflake 0.1.3
"$work/venv/bin/pip" install --quiet --disable-pip-version-check redis==5.0.8 tornado==6.4.1

cat >"$work/ids.py" <<'PYTHON'
import sys
import time
from importlib.metadata import version

name = sys.argv[1]
time.time_ns = lambda: 1_800_000_000_000_000_000
time.time = lambda: 1_800_000_000.0

if name == "snowflake-id-generator":
    from id_generator import generator, options

    def make(worker):
        ids = generator.DefaultIdGenerator()
        ids.set_id_generator(options.IdGeneratorOptions(worker_id=worker))
        return ids.next_id()

    given, shift, bits, time_shift = 64, 6, 6, 12
elif name == "kitx-snowflake":
    from kitx_snowflake import fn_snowflake

    def make(worker):
        return fn_snowflake(worker, 0)

    given, shift, bits, time_shift = 32, 17, 5, 22
elif name == "shortsnowflakeid":
    from shortsnowflakeid import ShortSnowflakeID

    def make(worker):
        return ShortSnowflakeID(node_id=worker).random_int()

    given, shift, bits, time_shift = 1024, 12, 10, 22
elif name == "snowflake.py":
    from snowflake import Generator

    def make(worker):
        return int(Generator(epoch=0, process_id=0, worker_id=worker).generate())

    given, shift, bits, time_shift = 32, 17, 5, 22
else:
    from snowflake.server.generator import Generator

    def make(worker):
        return Generator(0, worker).get_next_id()

    given, shift, bits, time_shift = 256, 12, 8, 22

low, wide = make(0), make(given)
ticks = (wide >> time_shift) - (low >> time_shift)
if name == "kitx-snowflake":
    ticks = 0  # It reads the clock in compiled code, which nothing here can stop.
print(f"{name} {version(name)}: worker {given} of {bits} bits: worker {wide >> shift & (1 << bits) - 1}, tick +{ticks}")
PYTHON
for name in snowflake-id-generator kitx-snowflake shortsnowflakeid snowflake.py pysnowflake; do
    PYTHONPATH="$work/$name" "$work/venv/bin/python" "$work/ids.py" "$name"
done >"$work/seen"

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "worker-number-too-wide: this is not what was seen before" >&2; exit 1; }
snowflake-id-generator 2.0.0: worker 64 of 6 bits: worker 0, tick +1
kitx-snowflake 1.1.1: worker 32 of 5 bits: worker 0, tick +0
shortsnowflakeid 1.0.0: worker 1024 of 10 bits: worker 0, tick +0
snowflake.py 1.0.0: worker 32 of 5 bits: worker 0, tick +0
pysnowflake 0.1.3: worker 256 of 8 bits: worker 0, tick +0
EXPECTED
