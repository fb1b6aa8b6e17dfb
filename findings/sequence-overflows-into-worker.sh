#!/usr/bin/env bash
# Packages: PyPI snowflake-id-toolkit 0.6.0 and snowflake-id-generator 2.0.0 (a port of yitter's IdGenerator).
# Expected: when a tick's sequence numbers are used up, the generator waits for the next tick and starts again at its first
#           number. No sequence number is larger than its field.
# Seen:     the toolkit waits, but then adds 1 to the last number instead of starting again. 4096 does not fit 12 bits. Its bit 12
#           is the lowest bit of the worker: for an even worker the ID is that of the next worker. The check for a full tick asks
#           whether the number equals 4095, so the numbers go on from 4096 for the rest of that millisecond. The port of yitter's
#           generator compares before it adds 1, so each full tick ends with one ID of the next worker, and of the next tick when
#           the worker is the field's largest.
# Matters:  workers 0 and 1 of the toolkit give out the same IDs when both were busy in the millisecond before. A reader that takes
#           an ID apart names the wrong worker.
# Source:   the packages' own code: snowflake_id_toolkit/_generator.py, generate_next_id; id_generator/snowflake_m1.py, __calc_id.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    snowflake-id-toolkit==0.6.0 typing_extensions==4.15.0 snowflake-id-generator==2.0.0 redis==5.0.8

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import time
from importlib.metadata import version

from id_generator import generator, options
from snowflake_id_toolkit import TwitterSnowflakeIDGenerator

print("snowflake-id-toolkit", version("snowflake-id-toolkit"))
epoch, start = 1288834974657, 1_800_000_000_000


class Toolkit(TwitterSnowflakeIDGenerator):
    """Its clock stands still until the generator, with a full tick, has asked once in vain."""

    asked = 0

    @classmethod
    def get_current_timestamp(cls):
        cls.asked += 1
        return start + (cls.asked > 4099)


def toolkit(worker):
    Toolkit.asked = 0
    generator = Toolkit(worker, epoch=epoch)
    return [generator.generate_next_id() for _ in range(4098)]


of_0, of_1 = toolkit(0), toolkit(1)
for worker, ids in ((0, of_0), (1, of_1)):
    for each in ids[4095:]:
        print(f"worker {worker}: {each} is time +{each.timestamp_ms(epoch) - start}, worker {each.node_id()}, sequence {each.sequence()}")
print("in both:", sorted(map(int, set(of_0) & set(of_1))))

print("snowflake-id-generator", version("snowflake-id-generator"))
time.time_ns = lambda: start * 1_000_000
for worker in (5, 63):
    ids = generator.DefaultIdGenerator()
    ids.set_id_generator(options.IdGeneratorOptions(worker_id=worker))
    for each in [ids.next_id() for _ in range(60)][57:]:
        tick = (each >> 12) - (start - 1582136402000)
        print(f"worker {worker}: {each} is time +{tick}, worker {each >> 6 & 63}, sequence {each & 63}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "sequence-overflows-into-worker: this is not what was seen before" >&2; exit 1; }
snowflake-id-toolkit 0.6.0
worker 0: 2143981510456250367 is time +0, worker 0, sequence 4095
worker 0: 2143981510460444672 is time +1, worker 1, sequence 0
worker 0: 2143981510460444673 is time +1, worker 1, sequence 1
worker 1: 2143981510456254463 is time +0, worker 1, sequence 4095
worker 1: 2143981510460444672 is time +1, worker 1, sequence 0
worker 1: 2143981510460444673 is time +1, worker 1, sequence 1
in both: [2143981510460444672, 2143981510460444673]
snowflake-id-generator 2.0.0
worker 5: 892369297408383 is time +0, worker 5, sequence 63
worker 5: 892369297408384 is time +0, worker 6, sequence 0
worker 5: 892369297412422 is time +1, worker 5, sequence 6
worker 63: 892369297412095 is time +0, worker 63, sequence 63
worker 63: 892369297412096 is time +1, worker 0, sequence 0
worker 63: 892369297416134 is time +1, worker 63, sequence 6
EXPECTED
