"""What is measured. Each function returns plain numbers; `report` says what they mean."""

import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from processes import Server, Strangers, on_cpu

CONNECTIONS = 16
BATCH = 4096
IDLE_SECONDS = 1.0
FIRST_ID_RUNS = 10
WARMUP_SECONDS = 0.3
#: Wide enough that the layout is never the limit: 2^20 IDs a tick.
WIDE_LAYOUT = "time:41ms@2025-01-01T00:00:00Z,worker:2,sequence:20"


@dataclass
class Bench:
    """Where everything is, and how long to measure."""

    firnd: str
    redis: str
    programs: dict[str, str]
    folder: str
    rounds: int
    seconds: float
    server_cpu: int | None
    load_cpu: int | None

    def reference_server(self) -> Server:
        path = f"{self.folder}/reference.sock"
        return Server("reference", "firn", path, [self.programs["reference-server"], path], self.server_cpu)

    def redis_server(self, name: str = "redis") -> Server:
        path = f"{self.folder}/{name}.sock"
        command = [self.redis, "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"]
        return Server("redis", "redis", path, [*command, "--dir", self.folder], self.server_cpu)

    def firn_server(self, name: str, *options: str) -> Server:
        path = f"{self.folder}/{name}.sock"
        command = [self.firnd, "--listen", f"unix:{path}", "--log-level", "error", *options]
        return Server("firnd", "firn", path, command, self.server_cpu)

    def load(self, server: Server, *options: object, protocol: str | None = None) -> dict[str, float]:
        """One measurement: what the load generator prints, and `strangers`."""
        command = [self.programs["load"], "--protocol", protocol or server.protocol, "--socket", server.path]
        command += ["--server-pid", server.pid, "--seconds", self.seconds, "--warmup", WARMUP_SECONDS, *options]
        with Strangers(server) as strangers:
            result = subprocess.run(
                [str(word) for word in command], stdout=subprocess.PIPE, text=True, preexec_fn=on_cpu(self.load_cpu)
            )
        if result.returncode != 0:
            sys.exit(f"run: measuring {server.name} failed; what the load generator said is above")
        values = dict(word.split("=") for word in result.stdout.split())
        return {key: float(value) for key, value in values.items()} | {"strangers": strangers.share}


def singles(bench: Bench) -> dict[int, dict[str, list[dict[str, float]]]]:
    """Single IDs on 16 connections: for 1 and 32 in flight, for each server, one measurement a round.

    The servers take turns within a round, so that a slow minute of the machine hits all of them.
    """
    results = {}
    with ExitStack() as stack:
        servers = [
            stack.enter_context(bench.reference_server()),
            stack.enter_context(
                bench.firn_server("firnd-wide", "--store", "memory", "--layout", WIDE_LAYOUT, "--shards", "1")
            ),
            stack.enter_context(bench.redis_server()),
        ]
        for in_flight in (1, 32):
            results[in_flight] = {server.name: [] for server in servers}
            for turn in range(bench.rounds):
                words = []
                for server in servers:
                    result = bench.load(server, "--connections", CONNECTIONS, "--in-flight", in_flight)
                    results[in_flight][server.name].append(result)
                    words.append(f"{server.name} {result['calls_per_second']:,.0f}")
                print(f"  {in_flight} in flight, round {turn + 1}: {', '.join(words)} calls/s", flush=True)
    return results


def batches(bench: Bench) -> dict[int, list[dict[str, float]]]:
    """NextBatch of 4,096 on one connection of a daemon with the default layout: for 1 and 2 in flight."""
    results = {1: [], 2: []}
    with bench.firn_server("firnd-default", "--store", "memory") as server:
        for turn in range(bench.rounds):
            for in_flight, measured in results.items():
                measured.append(bench.load(server, "--in-flight", in_flight, "--batch", BATCH))
            rates = (f"{measured[-1]['ids_per_second']:,.0f}" for measured in results.values())
            print(f"  batches, round {turn + 1}: {' and '.join(rates)} IDs/s", flush=True)
    return results


def tickets(bench: Bench) -> dict[str, list[dict[str, float]]]:
    """NextID and NextTickets of one on one connection, 32 in flight, in turns; the sequence's blocks come from SQLite."""
    results = {"firn": [], "tickets": []}
    options = ("--store", f"sqlite:{bench.folder}/tickets.sqlite", "--state-dir", bench.folder, "--layout", WIDE_LAYOUT, "--shards", "1")
    with bench.firn_server("firnd-tickets", *options) as server:
        for turn in range(bench.rounds):
            for protocol, measured in results.items():
                measured.append(bench.load(server, "--in-flight", 32, protocol=protocol))
            rates = " and ".join(f"{measured[-1]['calls_per_second']:,.0f}" for measured in results.values())
            print(f"  IDs and tickets, round {turn + 1}: {rates} calls/s", flush=True)
    return results


def idle_memory(bench: Bench) -> dict[str, int]:
    """Resident KiB of daemons that nobody called yet, with what they start with by default."""
    results = {}
    with bench.firn_server("firnd-idle", "--store", f"sqlite:{bench.folder}/idle.sqlite", "--state-dir", bench.folder) as firnd:
        with bench.redis_server("redis-idle") as redis:
            time.sleep(IDLE_SECONDS)
            for server in (firnd, redis):
                results[server.name] = server.resident_kibibytes()
    return results


def first_ids(bench: Bench, store: str | None = None) -> list[float]:
    """Milliseconds from exec to the first ID, of daemons that find their store (SQLite's, unless told) as another left it."""
    path = f"{bench.folder}/firnd-first.sock"
    command = [bench.programs["first-id"], path, bench.firnd, "--listen", f"unix:{path}", "--log-level", "error"]
    command += ["--store", store or f"sqlite:{bench.folder}/first.sqlite", "--state-dir", bench.folder]
    results = []
    for _ in range(FIRST_ID_RUNS + 1):
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            sys.exit("run: measuring the first ID failed; what first-id said is above")
        results.append(float(result.stdout.strip().partition("=")[2]))
    return results[1:]  # the first one made the store


def middle(results: list[dict[str, float]], key: str) -> float:
    return median(result[key] for result in results)
