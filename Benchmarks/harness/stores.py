"""The effect of the store on callers: with etcd or PostgreSQL it should only be a slightly later start."""

import math
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench import CONNECTIONS, WIDE_LAYOUT, Bench, middle
from postgres import postgres
from processes import free_ports
from report import Bar, Section, table
from scenarios import first_ids

START_PATIENCE = 20.0
STOP_PATIENCE = 10.0
#: The stores on other hosts.
REMOTE = {"etcd": "etcd", "postgres": "PostgreSQL"}
#: A rate with them counts as equal from this share on, in hundredths of the rate with SQLite.
EQUAL_PERCENT = 95
FIRST_ID_MILLISECONDS = {"etcd": 150, "postgres": 60}


@contextmanager
def etcd(program: str):
    """An etcd with one member, which syncs its writes; yields the value for --store."""
    client, peer = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="firn-benchmark-etcd-") as folder:
        urls = [f"http://127.0.0.1:{port}" for port in (client, peer)]
        command = [program, "--data-dir", folder, "--listen-client-urls", urls[0], "--advertise-client-urls", urls[0]]
        command += ["--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1]]
        command += ["--initial-cluster", f"default={urls[1]}", "--log-level", "error", "--logger", "zap"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        try:
            _await(process, client)
            yield f"etcd:127.0.0.1:{client}"
        finally:
            process.terminate()
            try:
                process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(process: subprocess.Popen, port: int):
    end = time.monotonic() + START_PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"run: etcd ended with code {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"run: etcd did not listen within {START_PATIENCE:.0f} s")


def stores(bench: Bench, program: str, programs: Path) -> dict:
    """NextID on 16 connections of three daemons that differ in their stores, in turns; and the first ID with the remote ones."""
    results = {in_flight: {name: [] for name in ("sqlite", *REMOTE)} for in_flight in (1, 32)}
    with etcd(program) as cluster, postgres(bench, programs) as database:
        folder = Path(database.path).parent
        first = {"etcd": first_ids(bench, cluster), "postgres": first_ids(bench, f"postgres://firn@/postgres?host={folder}")}
        # A store has one layout, so that the daemons that are called have another store.
        subprocess.run([programs / "createdb", "-h", folder, "-U", "firn", "wide"], check=True)
        wide = f"postgres://firn@/wide?host={folder}"
        options = ("--state-dir", bench.folder, "--layout", WIDE_LAYOUT, "--shards", "1")
        with (
            bench.firn_server("firnd-sqlite", "--store", f"sqlite:{bench.folder}/stores.sqlite", *options) as sqlite,
            bench.firn_server("firnd-etcd", "--store", f"{cluster}", "--etcd-prefix", "/wide/", *options) as remote,
            bench.firn_server("firnd-postgres", "--store", wide, *options) as table,
        ):
            servers = [("sqlite", sqlite), ("etcd", remote), ("postgres", table)]
            for in_flight, measured in results.items():
                for turn in range(bench.minor_rounds):
                    words = []
                    # The first one alternates from round to round.
                    for name, server in servers if turn % 2 == 0 else reversed(servers):
                        result = bench.load(server, "--connections", CONNECTIONS, "--in-flight", in_flight)
                        measured[name].append(result)
                        words.append(f"{name} {result['calls_per_second']:,.0f}")
                    print(f"  stores, {in_flight} in flight, round {turn + 1}: {', '.join(words)} calls/s", flush=True)
    return {"calls": results, "first": first}


def stores_section(measured: dict) -> Section:
    words = (
        "NextID of three daemons, one on SQLite, one on an etcd of one member, one on PostgreSQL: a store is behind a call only "
        "now and then."
    )
    return Section("The store", stores_table(measured), words, stores_bars(measured))


def stores_table(measured: dict) -> str:
    rows = [["NextID on 16 connections", "SQLite", *REMOTE.values(), *(f"{name} ÷ SQLite" for name in REMOTE.values())]]
    for in_flight, results in measured["calls"].items():
        for label, key, form in (
            ("calls/s", "calls_per_second", ",.0f"),
            ("server CPU µs/call", "server_cpu_us_per_call", ".3f"),
            ("p50 µs", "p50_us", ",.0f"),
            ("p99 µs", "p99_us", ",.0f"),
        ):
            file = middle(results["sqlite"], key)
            remote = [middle(results[name], key) for name in REMOTE]
            shares = [f"{value / file:.2f}" for value in remote]
            rows.append([f"{label}, {in_flight} in flight", *(format(value, form) for value in (file, *remote)), *shares])
    first = [
        f"exec to first ID with {words}: {median(measured['first'][name]):.1f} ms (worst {max(measured['first'][name]):.1f})"
        for name, words in REMOTE.items()
    ]
    return f"{table(rows)}\n\n{'; '.join(first)}"


def stores_bars(measured: dict) -> list[Bar]:
    bars = []
    for in_flight, results in measured["calls"].items():
        file = middle(results["sqlite"], "calls_per_second")
        for name, store in REMOTE.items():
            remote = middle(results[name], "calls_per_second")
            reached = math.floor(100 * remote / file)
            words = f"with {store}, {in_flight} in flight: {remote:,.0f} calls/s, {reached} % of SQLite's {file:,.0f}"
            bars.append(Bar(reached >= EQUAL_PERCENT, f"{words}; the same is asked (from {EQUAL_PERCENT} % on)"))
    for name, store in REMOTE.items():
        first, asked = median(measured["first"][name]), FIRST_ID_MILLISECONDS[name]
        words = f"with {store}, first ID after {math.ceil(first)} ms; {asked} ms is asked"
        bars.append(Bar(first <= asked, words))
    return bars
