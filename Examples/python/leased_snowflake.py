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
LEASE_FILE = os.environ.get("FIRN_LEASE_FILE") or sys.exit("leased_snowflake.py: start it by firn lease with --lease-file")
LOOK_NS = 100_000_000


def ids():
    """Rising IDs without end, each of a tick of the lease."""
    last, sequence, limit, looked = FIRST_TICK, -1, 0, -LOOK_NS
    while True:
        # A limit only rises while the lease is held, so that one that was read earlier is never too high.
        tick = (time.time_ns() - EPOCH_MS * 1_000_000) // TICK_NS
        now = time.monotonic_ns()
        if tick >= limit or now - looked >= LOOK_NS:
            with open(LEASE_FILE) as file:
                limit, looked = int(file.read().split()[0]), now
        if limit == 0:
            sys.exit("leased_snowflake.py: the lease is over")
        if tick > last:
            last, sequence = tick, -1
        # The clock was set back, the tick's sequence is used up, or the lease is not extended yet: wait.
        if tick < last or tick >= limit or sequence + 1 == 1 << SEQUENCE_BITS:
            time.sleep(TICK_NS / 4e9)
            continue
        sequence += 1
        low = sequence << WORKER_BITS | WORKER if SEQUENCE_IS_HIGH else WORKER << SEQUENCE_BITS | sequence
        yield tick << WORKER_BITS + SEQUENCE_BITS | low


if __name__ == "__main__":
    for _, number in zip(range(int(sys.argv[1]) if len(sys.argv) > 1 else 1), ids()):
        print(number)
