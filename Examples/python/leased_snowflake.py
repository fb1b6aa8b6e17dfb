#!/usr/bin/env python3
"""A Snowflake generator of its own, with a worker that a daemon leases to it. Prints COUNT IDs. Uses no library.

    firn lease --lease-file /tmp/lease --exec 'exec python3 leased_snowflake.py [COUNT]'
"""

import os
import sys
import time

WORKER, EPOCH_MS, TICK_NS, WORKER_BITS, SEQUENCE_BITS, SEQUENCE_IS_HIGH, FIRST_TICK = (
    int(os.environ[f"FIRN_{name}"])
    for name in "WORKER EPOCH_UNIX_MS TICK_NS WORKER_BITS SEQUENCE_BITS SEQUENCE_ABOVE_WORKER FIRST_TICK".split()
)
# Set only where the layout has constant fields.
TIME_SHIFT = int(os.environ.get("FIRN_TIME_SHIFT", WORKER_BITS + SEQUENCE_BITS))
WORKER_SHIFT = int(os.environ.get("FIRN_WORKER_SHIFT", 0 if SEQUENCE_IS_HIGH else SEQUENCE_BITS))
SEQUENCE_SHIFT = int(os.environ.get("FIRN_SEQUENCE_SHIFT", WORKER_BITS if SEQUENCE_IS_HIGH else 0))
CONSTANT_BITS = int(os.environ.get("FIRN_CONSTANT_BITS", 0))
LEASE_FILE = os.environ.get("FIRN_LEASE_FILE") or sys.exit("leased_snowflake.py: start it by firn lease with --lease-file")
LEASE_ID = os.environ["FIRN_LEASE_ID"]
if LEASE_ID.split(":")[0] != str(WORKER):
    sys.exit("leased_snowflake.py: FIRN_WORKER is of another lease than FIRN_LEASE_FILE")
LOOK_NS = 100_000_000


def present_tick():
    return (time.time_ns() - EPOCH_MS * 1_000_000) // TICK_NS


def ids():
    """Rising IDs without end, each of a tick of the lease."""
    # Another program may have had the lease before, and have used the present tick: the first one is the next.
    last, sequence, limit, looked = max(FIRST_TICK - 1, present_tick()), 1 << SEQUENCE_BITS, 0, -LOOK_NS
    while True:
        # A limit only rises while the lease is held, so that one that was read earlier is never too high.
        tick, now = present_tick(), time.monotonic_ns()
        if tick >= limit or now - looked >= LOOK_NS:
            with open(LEASE_FILE) as file:
                words, looked = file.read().split(), now
            limit = int(words[0]) if words[2:] == [LEASE_ID] else 0
        if limit == 0:
            sys.exit("leased_snowflake.py: the lease is over")
        if tick > last:
            last, sequence = tick, -1
        # The clock was set back, the tick's sequence is used up, or the lease is not extended yet: wait.
        if tick < last or tick >= limit or sequence + 1 >= 1 << SEQUENCE_BITS:
            time.sleep(TICK_NS / 4e9)
            continue
        sequence += 1
        yield tick << TIME_SHIFT | WORKER << WORKER_SHIFT | sequence << SEQUENCE_SHIFT | CONSTANT_BITS


if __name__ == "__main__":
    for _, number in zip(range(int(sys.argv[1]) if len(sys.argv) > 1 else 1), ids()):
        print(number)
