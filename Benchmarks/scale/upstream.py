"""The part upstream: sidecars whose store are other daemons, and what a lease costs the daemon that gives it."""

import http.client
import re
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from places import Place

UPSTREAMS = 3
#: The first ones make the daemon's tables grow, and are not counted.
LEASES_BEFORE = 500
LEASES = 5000
ESTABLISHED = "01"


def measure(scale, daemons: int, threads: int, layout: str):
    """Daemons on `--store firn:` of three daemons on one etcd: how fast they start, and what etcd sees of them."""
    place = scale.stores["etcd"]()
    etcd = place.address.removeprefix("etcd:")
    print(f"\n## {daemons:,} daemons on --store firn: of {UPSTREAMS} daemons on one etcd, {threads} calls at a time\n")
    with ExitStack() as stack:
        serving = ("--layout", layout, "--serve-store", "--max-leases", "50000", "--log-level", "error")
        upstreams = [stack.enter_context(scale.daemon(place, *serving)) for _ in range(UPSTREAMS)]
        before = (connections(etcd), writes(etcd))
        sockets = ",".join(f"unix:{scale.bench.folder}/scale-{admin}.sock" for _, admin, _ in upstreams)
        store = Place(f"firn:{sockets}", lambda: 0)
        starts = scale.simulate("start", store, daemons=daemons, threads=threads)
        after = (connections(etcd), writes(etcd))
        extensions = scale.simulate("windows", store, daemons=daemons, threads=threads, seconds=scale.seconds)
        print("| | per second | p50 ms | p99 ms | writes to etcd | connections to etcd before | after |\n|---|---:|---:|---:|---:|---:|---:|")
        print(f"| starts | {row(starts)} | {after[1] - before[1]:,} | {before[0]} | {after[0]} |")
        print(f"| extensions of windows | {row(extensions)} | | | {connections(etcd)} |", flush=True)
        process, _, port = upstreams[-1]
        print(f"\n## {LEASES:,} leases of one daemon\n")
        lease(port, LEASES_BEFORE)
        memory = resident(process.pid)
        lease(port, LEASES)
        print(f"The daemon's memory grew by {(resident(process.pid) - memory) / LEASES:,.0f} bytes for each.", flush=True)


def row(figures: dict) -> str:
    return f"{figures['per_second']:,.0f} | {figures['p50_ms']:.1f} | {figures['p99_ms']:.1f}"


def metrics(etcd: str) -> str:
    return urllib.request.urlopen(f"http://{etcd}/metrics", timeout=5).read().decode()


def writes(etcd: str) -> int:
    return int(float(re.search(r"^etcd_debugging_mvcc_put_total (\S+)", metrics(etcd), re.MULTILINE)[1]))


def connections(etcd: str) -> int:
    """Established ones, counted at etcd's end."""
    port = int(etcd.rsplit(":", 1)[1])
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return sum(int(row[1].rsplit(":", 1)[1], 16) == port and row[3] == ESTABLISHED for row in rows)


def lease(port: int, count: int):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(count):
        connection.request("POST", "/leases?name=scale&windowMs=300000")
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"run: a lease was refused: {answer.read().decode()}")
        answer.read()
    connection.close()


def resident(pid: int) -> int:
    return 1024 * int(re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])
