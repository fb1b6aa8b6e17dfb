"""HTTP: `GET /` of firnd compared with the article's own service, `http/article.go`: one section of the report."""

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from bench import Bench, middle
from build import BENCHMARKS, PACKAGE, require
from processes import Server, Strangers, on_cpu
from report import Bar, Section, table

#: In hundredths of the article's requests per second of the server's CPU time.
ARTICLE_PERCENT = 150
#: With one connection the article's service is below its layout's limit of 25,600 IDs per second, with the others at
#: it.
CONNECTIONS = (1, 16, 64)
SETTLE_SECONDS = 0.3
#: The compared server: both have Sonyflake's layout, which limits both, so both do the same work.
COMPARED = "firnd-sonyflake"


@dataclass
class HTTPPrograms:
    wrk: str
    article: str


def build_article() -> HTTPPrograms:
    """Builds the article's service with Debian's gin, whose source is in /usr/share/gocode."""
    go = require("go", "golang-go golang-github-gin-gonic-gin-dev")
    wrk = require("wrk", "wrk")
    if not os.path.isdir("/usr/share/gocode/src/github.com/gin-gonic/gin"):
        sys.exit("run: gin is not installed: apt-get install golang-github-gin-gonic-gin-dev")
    folder = PACKAGE / ".build" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    path = str(folder / "article")
    environment = os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOCACHE": str(folder / "go")}
    command = [go, "build", "-o", path, str(BENCHMARKS / "http" / "article.go")]
    subprocess.run(command, check=True, env=environment)
    return HTTPPrograms(wrk, path)


def article_server(bench: Bench, programs: HTTPPrograms) -> Server:
    address = bench.address("article", "tcp")
    return bench.start("article", "http", address, [programs.article, address.removeprefix("tcp:")])


def firnd_server(bench: Bench, name: str, *options: str, firnd: str | None = None) -> Server:
    """A firnd that serves HTTP at `address`."""
    address = bench.address(name, "tcp")
    command = [firnd or bench.firnd, "--http", address.removeprefix("tcp:"), "--listen", f"unix:{bench.folder}/{name}-http.sock"]
    command += ["--store", "memory", "--state-dir", "none", "--log-level", "error", *options]
    return bench.start(name, "http", address, command)


def sonyflake_server(bench: Bench) -> Server:
    """firnd with the layout of the article's service, and so with the same limit."""
    return firnd_server(bench, COMPARED, "--layout", "sonyflake", "--worker", "515")


def measure(bench: Bench, wrk: str, server: Server, connections: int) -> dict[str, float]:
    """One measurement. If an answer is not a 200, there is no result."""
    time.sleep(SETTLE_SECONDS)
    command = [wrk, "--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(bench.seconds))}s", "--latency"]
    command.append(f"http://127.0.0.1:{server.port}/")
    with Strangers(server) as strangers:
        before = server.cpu_seconds()
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, preexec_fn=on_cpu(bench.load_cpu))
        used = server.cpu_seconds() - before
    requests = re.search(r"(\d+) requests in ([0-9.]+)s", result.stdout)
    if result.returncode != 0 or requests is None or "Non-2xx" in result.stdout or "Socket errors" in result.stdout:
        sys.exit(f"run: measuring {server.name} over HTTP failed:\n{result.stdout}")
    bench.strangers.append(strangers.share)
    count = int(requests[1])
    latency = re.search(r"99%\s+([0-9.]+)(us|ms|s)", result.stdout)
    return {
        "requests_per_second": count / float(requests[2]),
        "requests_per_cpu_second": count / max(used, 0.01),
        "server_cpu_us_per_call": 1e6 * used / count,
        "p99_us": float(latency[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[latency[2]],
    }


def http(bench: Bench, programs: HTTPPrograms) -> dict[int, dict[str, list[dict[str, float]]]]:
    """GET / for each number of connections and each server, with one measurement per round; the servers take turns."""
    results = {}
    with ExitStack() as stack:
        servers = [
            stack.enter_context(article_server(bench, programs)),
            stack.enter_context(sonyflake_server(bench)),
            stack.enter_context(firnd_server(bench, "firnd-default")),
        ]
        for connections in CONNECTIONS:
            results[connections] = {server.name: [] for server in servers}
            for turn in range(bench.rounds):
                words = []
                for server in servers:
                    result = measure(bench, programs.wrk, server, connections)
                    results[connections][server.name].append(result)
                    words.append(f"{server.name} {result['requests_per_cpu_second']:,.0f}")
                print(f"  HTTP, {connections} connections, round {turn + 1}: {', '.join(words)} requests per CPU second", flush=True)
    return results


def http_section(results: dict[int, dict[str, list[dict[str, float]]]]) -> Section:
    words = (
        "`GET /` by wrk. The article's service cannot give more than 25,600 IDs per second, and so the figure is that of a "
        "firnd with the same layout and the same cap; one with the default layout is beside it."
    )
    return Section("HTTP beside the article's service", http_table(results), words, http_bars(results), picture="http")


def http_table(results: dict[int, dict[str, list[dict[str, float]]]]) -> str:
    names = ("article", COMPARED, "firnd-default")
    rows = [["GET /", "the article's", "firnd, sonyflake", "firnd, default layout", "sonyflake ÷ article's"]]
    for connections, servers in results.items():
        for label, key, form in (
            ("requests per CPU second", "requests_per_cpu_second", ",.0f"),
            ("requests/s", "requests_per_second", ",.0f"),
            ("p99 µs", "p99_us", ",.0f"),
        ):
            values = [middle(servers[name], key) for name in names]
            plural = "s" if connections > 1 else ""
            rows.append([f"{connections} connection{plural}: {label}", *(format(value, form) for value in values), f"{values[1] / values[0]:.2f}"])
    return table(rows)


def http_bars(results: dict[int, dict[str, list[dict[str, float]]]]) -> list[Bar]:
    bars = []
    for connections, servers in results.items():
        ours, theirs = (round(middle(servers[name], "requests_per_cpu_second")) for name in (COMPARED, "article"))
        words = f"GET / on {connections}: {ours:,} requests per CPU second, {100 * ours // theirs} % of the article's {theirs:,}"
        bars.append(Bar(100 * ours >= ARTICLE_PERCENT * theirs, f"{words}; {ARTICLE_PERCENT} % is asked"))
    return bars
