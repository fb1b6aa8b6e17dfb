"""Latency at a given rate: calls are due at fixed times, whether or not the server keeps up.

A generator that waits for an answer before the next call measures one slow answer where many callers would have waited
(coordinated omission). Here a call's latency counts from the time when it was due.
"""

from collections import Counter
from contextlib import ExitStack

from bench import CONNECTIONS, LABELS, Bench, middle
from connections import start_servers
from histogram import percentiles, read
from http_programs import COMPARED, HTTPPrograms, article_server, firnd_server, sonyflake_server
from postgres import nextval, postgres
from processes import Server
from report import Section, table

SHARES = (25, 50, 75)
#: How many calls a connection holds before further ones wait in the load generator; the wait counts as latency.
MAXIMUM_IN_FLIGHT = 256
#: A rate counts as reached from this share on, in hundredths.
KEPT_PERCENT = 99


def open_loop(bench: Bench, server: Server, rate: float) -> tuple[dict[str, float], Counter[int]]:
    path = f"{bench.folder}/histogram"
    options = ("--connections", CONNECTIONS, "--in-flight", MAXIMUM_IN_FLIGHT, "--rate", f"{rate:.0f}", "--histogram", path)
    result = bench.load(server, *options, seconds=bench.minor_seconds)
    return result, read(path)


def at_shares(bench: Bench, title: str, highest: dict[str, float], measure) -> dict[str, dict[int, dict[str, float]]]:
    """The latencies of the merged rounds, by server and share of its highest rate. `measure` gets a name and a rate."""
    results = {name: {} for name in highest}
    for share in SHARES:
        sums = {name: Counter() for name in highest}
        others = {name: [] for name in highest}
        for _ in range(bench.minor_rounds):
            for name, rate in highest.items():
                result, histogram = measure(name, rate * share / 100)
                sums[name].update(histogram)
                others[name].append(result)
        for name in highest:
            asked = highest[name] * share / 100
            results[name][share] = percentiles(sums[name]) | {"rate": asked, "kept": middle(others[name], "calls_per_second") / asked}
        words = (f"{name} {results[name][share]['p99']:,.0f}" for name in highest)
        print(f"  {title} at {share} % of the highest rate: p99 {', '.join(words)} µs", flush=True)
    return results


def latencies(bench: Bench, singles: dict[int, dict[str, list[dict[str, float]]]], programs) -> dict[int, dict]:
    """By the number of calls in flight with the highest rate, which is that of this run."""
    results = {}
    with ExitStack() as stack:
        servers = {server.name: server for server in start_servers(bench, stack, "unix")}
        database = stack.enter_context(postgres(bench, programs))

        def measure(name: str, rate: float):
            return nextval(bench, database, rate) if name == "postgres" else open_loop(bench, servers[name], rate)

        for in_flight, measured in singles.items():
            highest = {name: middle(rounds, "calls_per_second") for name, rounds in measured.items()}
            results[in_flight] = at_shares(bench, f"latency, {in_flight} in flight", highest, measure)
    return results


def http_latencies(bench: Bench, programs: HTTPPrograms) -> dict:
    """The same for GET /, of the article's service and of firnd with the same layout and with the default layout."""
    with ExitStack() as stack:
        servers = {
            "article": stack.enter_context(article_server(bench, programs)),
            COMPARED: stack.enter_context(sonyflake_server(bench)),
            "firnd-default": stack.enter_context(firnd_server(bench, "firnd-default")),
        }
        highest = {}
        for name, server in servers.items():
            options = ("--connections", CONNECTIONS)
            rounds = [bench.load(server, *options, seconds=bench.minor_seconds) for _ in range(bench.minor_rounds)]
            highest[name] = middle(rounds, "calls_per_second")
        return at_shares(bench, "GET /", highest, lambda name, rate: open_loop(bench, servers[name], rate))


HTTP_LABELS = {"article": "the article's", COMPARED: "firnd, sonyflake", "firnd-default": "firnd, default layout"}


def latency_table(results: dict[str, dict[int, dict[str, float]]], labels: dict[str, str]) -> str:
    rows = [["µs since a call was due", "calls/s", "p50", "p90", "p99", "p99.9", "max"]]
    for share in SHARES:
        for name in results:
            measured = results[name][share]
            rate = f"{measured['rate']:,.0f}"
            if 100 * measured["kept"] < KEPT_PERCENT:
                rate += f" ({100 * measured['kept']:.0f} % kept)"
            rows.append([f"{share} % of the highest: {labels[name]}", rate, *(f"{measured[key]:,.0f}" for key in ("p50", "p90", "p99", "p99.9", "max"))])
    return table(rows)


def latency_section(results: dict[int, dict]) -> Section:
    parts = []
    for in_flight, measured in results.items():
        words = "one call at a time" if in_flight == 1 else f"{in_flight} calls in flight"
        parts.append(f"Of the highest rate with {words} on each of {CONNECTIONS} connections:\n\n{latency_table(measured, LABELS)}")
    words = (
        f"Calls are due evenly in time on {CONNECTIONS} Unix connections at 25, 50 and 75 % of the highest rate that the server "
        "reached in this run, and a latency counts from the time when its call was due: a server that stalls is charged with "
        "every call that was due meanwhile. pgbench's calls come at random times with that mean. The rounds are added up."
    )
    return Section("Latency at a given rate", "\n\n".join(parts), words, picture="latency")


def http_latency_section(results: dict) -> Section:
    words = f"The same for `GET /` on {CONNECTIONS} connections of the same load generator."
    return Section("Latency of HTTP at a given rate", latency_table(results, HTTP_LABELS), words)
