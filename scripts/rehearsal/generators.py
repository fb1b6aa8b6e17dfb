"""Another system as a process: writes IDs to standard output, one per line, until standard input ends.

    generators.py KIND WORKER [CALLS-PER-SECOND]

The kinds that import a package need it on PYTHONPATH. `leaf`, `baidu` and `baidu-cached` are written from the formula of their Java
classes: SnowflakeIDGenImpl, DefaultUidGenerator and CachedUidGenerator.
"""

import collections
import datetime
import random
import select
import sys
import time

#: How many IDs are made at once: some, or without a rate so many that a tick of yitter's is full on any machine.
BURST, FULL_SPEED_BURST = 32, 1024
UTC = datetime.timezone.utc


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def snowflake_id(worker: int):
    """Gives None when a millisecond is used up."""
    from snowflake import SnowflakeGenerator

    return SnowflakeGenerator(worker).__next__


def sonyflake_py(worker: int):
    from sonyflake import SonyFlake

    return SonyFlake(machine_id=lambda: worker).next_id


def sonyflake_v2(worker: int):
    """With the start time of its README."""
    from sonyflake import Sonyflake

    return Sonyflake(machine_id=worker, start_time=datetime.datetime(2025, 1, 1, tzinfo=UTC)).next_id


def sonyflake_turbo(worker: int):
    from sonyflake_turbo import SonyFlake

    return SonyFlake(worker).__next__


def sonyflake_toolkit(worker: int):
    from snowflake_id_toolkit import SonyflakeIDGenerator

    return SonyflakeIDGenerator(worker).generate_next_id


def yitter(worker: int):
    """yitter's Python, as a package; it takes IDs from the future, up to two seconds."""
    from id_generator import DefaultIdGenerator, IdGeneratorOptions

    generator = DefaultIdGenerator()
    generator.set_id_generator(IdGeneratorOptions(worker))
    return generator.next_id


def leaf(worker: int):
    """Begins each millisecond with a random number below 100."""
    last, sequence = -1, 0

    def next_id() -> int:
        nonlocal last, sequence
        now = now_ms()
        if now == last:
            sequence = (sequence + 1) & 4095
            while sequence == 0 and now <= last:
                now = now_ms()
        if now != last:
            sequence = random.randrange(100)
        last = now
        return (now - 1288834974657) << 22 | worker << 12 | sequence

    return next_id


#: baidu-readme: 29 bits of seconds, 21 of the worker, 13 of the sequence, from 2016-09-20 in China.
BAIDU_EPOCH = int(datetime.datetime(2016, 9, 20, tzinfo=datetime.timezone(datetime.timedelta(hours=8))).timestamp())


def baidu(worker: int):
    """Counts in a second from zero, and waits for the next one after 8,192."""
    last, sequence = -1, 0

    def next_id() -> int | None:
        nonlocal last, sequence
        now = int(time.time())
        if now != last:
            last, sequence = now, -1
        elif sequence == 8191:
            return None
        sequence += 1
        return (now - BAIDU_EPOCH) << 34 | worker << 13 | sequence

    return next_id


#: How far ahead of the clock `baidu-cached` is driven.
AHEAD_SECONDS = 6


def baidu_cached(worker: int):
    """Fills a ring with the IDs of eight whole seconds from the next one on, and again when half of them are taken, whatever the
    clock says: callers that take more than 8,192 per second get IDs of the future. Here they then stop for a while."""
    second, ring = int(time.time()), collections.deque()

    def next_id() -> int | None:
        nonlocal second
        if len(ring) <= 4 * 8192:
            while len(ring) <= 7 * 8192:
                second += 1
                first = (second - BAIDU_EPOCH) << 34 | worker << 13
                ring.extend(range(first, first + 8192))
        if BAIDU_EPOCH + (ring[0] >> 34) > time.time() + AHEAD_SECONDS:
            return None
        return ring.popleft()

    return next_id


def main():
    kind, worker = sys.argv[1].replace("-", "_"), int(sys.argv[2])
    next_id = {each.__name__: each for each in KINDS}[kind](worker)
    burst, pause = (BURST, BURST / float(sys.argv[3])) if len(sys.argv) > 3 else (FULL_SPEED_BURST, 0)
    while not select.select([sys.stdin], [], [], pause)[0]:
        ids = [next_id() for _ in range(burst)]
        sys.stdout.write("".join(f"{int(each)}\n" for each in ids if each is not None))
        sys.stdout.flush()


KINDS = [snowflake_id, sonyflake_py, sonyflake_v2, sonyflake_turbo, sonyflake_toolkit, yitter, leaf, baidu, baidu_cached]

if __name__ == "__main__":
    main()
