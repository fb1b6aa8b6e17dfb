"""Rehearsals with a worker in the ID, from step 1 to step 5 of docs/MIGRATION.md."""

import datetime
import json
import time
from dataclasses import dataclass
from pathlib import Path

from databases import MariaDB, Postgres
from processes import Firn, Generator, Taker, expect, repeated

#: How long both sides make IDs at each step.
SECONDS = 0.4
#: So many of the other system's IDs are read in Firn's layout.
SAMPLE = 50
#: How long a step may take here, and how far ahead of the clock the other system's IDs may be.
AT_MOST_AWAY_SECONDS = 60
#: How long an ID is looked for that comes twice.
FAULT_SECONDS = 20


@dataclass(frozen=True)
class Case:
    title: str
    #: The kind of generators.py, and the package that it imports.
    kind: str
    package: str | None
    layout: str
    workers: tuple[int, ...]
    excluded: str
    #: IDs per second of each process of the other system; None: as many as it makes.
    rate: float | None = 20_000
    options: tuple[str, ...] = ()
    #: A worker that the other system's IDs meet if it is not excluded; None: its own.
    met: int | None = None

    def start(self, folder: Path, packages: Path) -> list[Generator]:
        target = packages / self.package if self.package else None
        return [Generator(folder, self.kind, worker, self.rate, target) for worker in self.workers]


YITTER = "time:51ms@2020-02-19T18:20:02Z,worker:6,sequence:6"
CASES = [
    Case("Snowflake", "snowflake-id", "snowflake-id==1.0.2", "unix", (0, 31), "0-31"),
    Case("Sonyflake v1", "sonyflake-py", "sonyflake-py==1.3.0", "sonyflake", (785,), "768-1023"),
    Case("Sonyflake v2", "sonyflake-v2", "sonyflake==2.0.3", "sonyflake-v2", (785,), "768-1023"),
    Case("Sonyflake, turbo", "sonyflake-turbo", "sonyflake-turbo==1.0.1", "sonyflake-turbo", (785,), "768-1023"),
    Case("Sonyflake, toolkit", "sonyflake-toolkit", "snowflake-id-toolkit==0.6.0", "sonyflake-toolkit", (7,), "0-31"),
    Case("Leaf, Snowflake mode", "leaf", None, "snowflake", (0, 1), "0-99"),
    # At full speed Python's counts to 64, which is the number 0 of the next worker.
    Case("yitter", "yitter", "snowflake-id-generator==2.0.0", YITTER, (0, 15), "0-16", None, ("--workers", "8"), met=16),
]


def rehearse(case, programs: Path, folder: Path, packages: Path) -> str:
    """All steps, and then what comes of it without the exclusion. Returns a line on it."""
    folder.mkdir()
    firn = Firn(programs, folder / "firn", case.layout)
    running = case.start(folder, packages)
    theirs: list[int] = []
    try:
        with firn.daemon(*case.options, "--exclude-workers", case.excluded):
            ours = firn.take_for(SECONDS, 1000)
        firn.command("workers", "reserve", case.excluded, "--for", "legacy")
        with firn.daemon(*case.options):
            ours += firn.take_for(SECONDS, 1000)
            theirs = [id for each in running for id in each.stop()]
            running = []
            ours += firn.take_for(0.1, 1000)
    finally:
        for each in running:
            each.stop()
    expect(len(theirs) > 500 and len(ours) > 500, f"only {len(theirs)} and {len(ours)} IDs")
    check_workers(case, firn, theirs)
    expect(repeated(theirs) == 0, f"the other system repeats {repeated(theirs)} of its IDs")
    expect(repeated(ours + theirs) == 0, f"{repeated(ours + theirs)} IDs twice while both run")

    floor = firn.adopt(max(theirs))
    firn.command("workers", "unreserve", case.excluded, "--yes")
    with firn.daemon("--worker", case.workers[-1]):
        after = firn.take_for(0.1, 1000)
    expect(min(after) > max(theirs), f"{min(after)} is not above {max(theirs)}, after: {floor}")
    expect(repeated(ours + theirs + after) == 0, "an ID of the workers that were taken over came twice")
    met = case.workers[-1] if case.met is None else case.met
    seen = without_exclusion(case, met, programs, folder, packages)
    return f"{len(theirs):,} IDs of the old system, {len(ours + after):,} of Firn's, 0 twice; on worker {met} {seen:,} twice"


def check_workers(case, firn: Firn, theirs: list[int]):
    """Step 1: in Firn's layout the other system's IDs are of the present, and of workers that are excluded."""
    sample = "".join(f"{id}\n" for id in theirs[:: len(theirs) // SAMPLE])
    for line in firn.command("decode", "--layout", case.layout, "--format", "json", said=sample).splitlines():
        decoded = json.loads(line)
        first, last = (int(end) for end in (case.excluded.split("-") * 2)[:2])
        expect(first <= int(decoded["worker"]) <= last, f"not of an excluded worker: {line}")
        age = time.time() - datetime.datetime.fromisoformat(decoded["utc"]).timestamp()
        expect(abs(age) < AT_MOST_AWAY_SECONDS, f"not of the present, by {age:.1f} s: {line}")


def without_exclusion(case, worker: int, programs: Path, folder: Path, packages: Path) -> int:
    """How many IDs come twice when a daemon has a worker of the other system's: the check has to find some."""
    firn = Firn(programs, folder / "on-its-worker", case.layout)
    running = case.start(folder / "on-its-worker", packages)
    ours: list[int] = []
    end = time.monotonic() + FAULT_SECONDS
    try:
        with firn.daemon("--worker", worker):
            while time.monotonic() < end and not twice(running, ours):
                ours += firn.ids(1000)
    finally:
        theirs = [id for each in running for id in each.stop()]
    found = len(set(ours) & set(theirs))
    expect(found > 0, f"no ID twice of {len(ours)} and {len(theirs)}, where both have the same worker")
    return found


def twice(running: list[Generator | Taker], ours: list[int]) -> int:
    """How many have come twice up to now."""
    return len(set(ours) & {id for each in running for id in each.so_far()})


@dataclass(frozen=True)
class Baidu:
    """Workers are the rows of a table, as each start of a process adds one."""

    kind: str
    workers: tuple[int, ...]
    rate: float
    layout: str = "baidu-readme"
    excluded: str = "0-999"
    options: tuple[str, ...] = ("--workers", "8")
    met: int | None = None

    @classmethod
    def of(cls, kind: str, database: MariaDB, rate: float) -> "Baidu":
        session = database.session()
        columns = "ID BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, HOST_NAME VARCHAR(64) NOT NULL"
        session.ask(f"CREATE TABLE IF NOT EXISTS WORKER_NODE ({columns})")
        (worker,) = session.numbers("INSERT INTO WORKER_NODE (HOST_NAME) VALUES ('rehearsal'); SELECT LAST_INSERT_ID()")
        expect(session.numbers("SELECT max(id) FROM WORKER_NODE") == [worker], "the last row is the worker")
        return cls(kind, (worker,), rate)

    def start(self, folder: Path, packages: Path) -> list[Generator]:
        return [Generator(folder, self.kind, worker, self.rate, None) for worker in self.workers]


@dataclass(frozen=True)
class Instagram:
    """A function in PostgreSQL, by the formula that was published: the default of a column."""

    database: Postgres
    layout: str = "instagram"
    workers: tuple[int, ...] = (5,)
    excluded: str = "5"
    options: tuple[str, ...] = ()
    met: int | None = None

    SETUP = """
        CREATE SCHEMA insta5;
        CREATE SEQUENCE insta5.table_id_seq;
        CREATE FUNCTION insta5.next_id(OUT result bigint) LANGUAGE plpgsql AS $$
        DECLARE
            our_epoch CONSTANT bigint := 1314220021721;
            shard_id CONSTANT int := 5;
            now_millis bigint;
        BEGIN
            now_millis := floor(extract(epoch FROM clock_timestamp()) * 1000);
            result := (now_millis - our_epoch) << 23 | (shard_id << 10) | (nextval('insta5.table_id_seq') % 1024);
        END $$;
        CREATE TABLE insta5.orders (id bigint NOT NULL DEFAULT insta5.next_id(), note text);
        """

    def start(self, folder: Path, packages: Path) -> list[Taker]:
        session = self.database.session()
        if session.ask("SELECT to_regclass('insta5.orders')") != ["insta5.orders"]:
            session.ask(self.SETUP)
        insert = "INSERT INTO insta5.orders (note) SELECT 'old' FROM generate_series(1, 50) RETURNING id"
        return [Taker(lambda: session.numbers(insert))]
