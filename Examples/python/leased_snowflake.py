#!/usr/bin/env python3
"""A Snowflake generator of its own, with a worker that a daemon leases to it. Prints COUNT IDs. Uses no library.

    firn lease --lease-file /tmp/lease --exec 'exec python3 leased_snowflake.py [COUNT]'
"""

import os
import sys
import time

LEASE_FILE = os.environ.get("FIRN_LEASE_FILE") or sys.exit("leased_snowflake.py: start it by firn lease with --lease-file")
WORKER, EPOCH_MS, TICK_NS, FIRST_TICK, SEQUENCE_BITS, TIME_SHIFT, WORKER_SHIFT, SEQUENCE_SHIFT, CONSTANT_BITS = (
    int(os.environ[f"FIRN_{name}"])
    for name in "WORKER EPOCH_UNIX_MS TICK_NS FIRST_TICK SEQUENCE_BITS TIME_SHIFT WORKER_SHIFT SEQUENCE_SHIFT CONSTANT_BITS".split()
)
LEASE_ID = os.environ.get("FIRN_LEASE_ID", "")
if LEASE_ID.split(":")[0] != str(WORKER):
    sys.exit("leased_snowflake.py: FIRN_WORKER is of another lease than FIRN_LEASE_FILE")
LOOK_NS = 100_000_000


def present_tick():
    return (time.time_ns() - EPOCH_MS * 1_000_000) // TICK_NS


def lease_words():
    """The limit's tick, its milliseconds, and the lease's ID; nothing when the lease is over."""
    try:
        with open(LEASE_FILE) as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def ids():
    """Rising IDs without end, each of a tick of the lease."""
    # Another program may have had the lease before, and have used the present tick: the first one is the next.
    last, sequence, limit, looked = max(FIRST_TICK - 1, present_tick()), 1 << SEQUENCE_BITS, 0, -LOOK_NS
    while True:
        # A limit only rises while the lease is held, so that one that was read earlier is never too high.
        tick, now = present_tick(), time.monotonic_ns()
        if tick >= limit or now - looked >= LOOK_NS:
            words, looked = lease_words(), now
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
