"""Measures single calls, batches and tickets, and idle daemons. Returns plain numbers; `report` interprets them."""

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Sequence

from bench import BATCH, CONNECTIONS, WIDE_LAYOUT, Bench
from postgres import nextval, postgres

IDLE_SECONDS = 1.0
FIRST_ID_RUNS = 10


def singles(bench: Bench, programs: Path) -> dict[int, dict[str, list[dict[str, float]]]]:
    """Single IDs on 16 connections, with 1 and 32 in flight, for each server, one measurement per round.

    The servers take turns within a round, so that a slow minute of the machine affects all of them. pgbench has one call in
    flight per connection.
    """
    results = {}
    with ExitStack() as stack:
        makers = (bench.reference_server, bench.wide_firn_server, bench.redis_server, bench.memcached_server)
        servers = [stack.enter_context(maker()) for maker in makers]
        database = stack.enter_context(postgres(bench, programs))
        for in_flight in (1, 32):
            results[in_flight] = {server.name: [] for server in servers}
            if in_flight == 1:
                results[in_flight][database.name] = []
            for turn in range(bench.rounds):
                for server in servers:
                    results[in_flight][server.name].append(bench.load(server, "--connections", CONNECTIONS, "--in-flight", in_flight))
                if in_flight == 1:
                    results[in_flight][database.name].append(nextval(bench, database)[0])
                words = (f"{name} {measured[-1]['calls_per_second']:,.0f}" for name, measured in results[in_flight].items())
                print(f"  {in_flight} in flight, round {turn + 1}: {', '.join(words)} calls/s", flush=True)
    return results


def batches(bench: Bench) -> dict[str, list[dict[str, float]]]:
    """Batches of 4,096 on one connection: firnd with the default layout, and two counters without a layout."""
    results = {}
    with ExitStack() as stack:
        firnd = stack.enter_context(bench.firn_server("firnd-default", "--store", "memory", "--state-dir", "none"))
        redis, memcached = stack.enter_context(bench.redis_server()), stack.enter_context(bench.memcached_server())
        measured = {
            "firnd, 1 in flight": (firnd, 1),
            "firnd, 2 in flight": (firnd, 2),
            "Redis INCRBY, 1 in flight": (redis, 1),
            "memcached incr, 1 in flight": (memcached, 1),
        }
        results = {label: [] for label in measured}
        for turn in range(bench.minor_rounds):
            for label, (server, in_flight) in measured.items():
                results[label].append(bench.load(server, "--in-flight", in_flight, "--batch", BATCH))
            rates = (f"{rounds[-1]['ids_per_second']:,.0f}" for rounds in results.values())
            print(f"  batches, round {turn + 1}: {', '.join(rates)} IDs/s", flush=True)
    return results


def tickets(bench: Bench) -> dict[str, list[dict[str, float]]]:
    """NextID and NextTickets of one on a connection, 32 in flight, in turns; the blocks come from SQLite."""
    results = {"firn": [], "tickets": []}
    options = ("--store", f"sqlite:{bench.folder}/tickets.sqlite", "--state-dir", bench.folder, "--layout", WIDE_LAYOUT, "--shards", "1")
    with bench.firn_server("firnd-tickets", *options) as server:
        for turn in range(bench.minor_rounds):
            for protocol, measured in results.items():
                measured.append(bench.load(server, "--in-flight", 32, protocol=protocol))
            rates = " and ".join(f"{measured[-1]['calls_per_second']:,.0f}" for measured in results.values())
            print(f"  IDs and tickets, round {turn + 1}: {rates} calls/s", flush=True)
    return results


def idle_memory(bench: Bench) -> dict[str, tuple[int, int]]:
    """Resident KiB of daemons without any call yet, with the default options, and their anonymous memory."""
    options = ("--store", f"sqlite:{bench.folder}/idle.sqlite", "--state-dir", bench.folder)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(bench.firn_server("firnd-idle", *options)),
            stack.enter_context(bench.redis_server(name="redis-idle")),
            stack.enter_context(bench.memcached_server()),
        ]
        time.sleep(IDLE_SECONDS)
        return {server.name: (server.kibibytes("VmRSS"), server.kibibytes("RssAnon")) for server in servers}


def resident(bench: Bench, firnd: str, name: str) -> int:
    """Resident KiB of a firnd without any call yet."""
    options = ("--store", f"sqlite:{bench.folder}/idle-{name}.sqlite", "--state-dir", f"{bench.folder}")
    with bench.firn_server(f"firnd-idle-{name}", *options, firnd=firnd) as server:
        time.sleep(IDLE_SECONDS)
        return server.kibibytes("VmRSS")


def first_ids(bench: Bench, store: str | None = None, firnd: str | None = None, options: Sequence[str] = ()) -> list[float]:
    """Milliseconds from exec to the first ID, of daemons with an existing store (SQLite's by default)."""
    path = f"{bench.folder}/firnd-first.sock"
    command = [bench.programs["first-id"], path, firnd or bench.firnd, "--listen", f"unix:{path}", "--log-level", "error"]
    command += ["--store", store or f"sqlite:{bench.folder}/first.sqlite", "--state-dir", bench.folder, *options]
    results = []
    for _ in range(FIRST_ID_RUNS + 1):
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            sys.exit("run: measuring the first ID failed; what first-id said is above")
        results.append(float(result.stdout.strip().partition("=")[2]))
    return results[1:]  # the first one made the store
