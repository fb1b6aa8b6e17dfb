"""Says the numbers: tables in Markdown, which are read as well in a terminal, and how each bar was met."""

import math
import os
import platform
from dataclasses import dataclass
from statistics import median

from scenarios import BATCH, CONNECTIONS, Bench, middle

#: What the default layout can hold: 4,096 IDs in each millisecond.
LAYOUT_IDS_PER_SECOND = 4_096_000
FIRST_ID_MILLISECONDS = 50
#: Of the rates with 1 and 32 calls in flight, in hundredths: of the reference's rate, and of Redis's.
REFERENCE_PERCENT = {1: 90, 32: 45}
REDIS_PERCENT = {1: 100, 32: 180}
BATCH_PERCENT = 98
TICKETS_PERCENT = 50


@dataclass
class Bar:
    met: bool
    words: str

    def __str__(self) -> str:
        return f"{'met  ' if self.met else 'SHORT'}  {self.words}"


def table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: list[str]) -> str:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)) + "|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])])


def percent(part: float, whole: float) -> int:
    """Rounded down, so that a share short of a bar never looks met."""
    return math.floor(100 * part / whole)


def singles_table(servers: dict[str, list[dict[str, float]]]) -> str:
    names = ("reference", "firnd", "redis")
    rows = [["", "C reference", "firnd", "redis", "firnd ÷ C", "firnd ÷ redis"]]

    def row(label: str, key: str, form: str):
        values = {name: middle(servers[name], key) for name in names}
        ratios = [values["firnd"] / values[other] for other in ("reference", "redis")]
        rows.append([label, *(format(values[name], form) for name in names), *(f"{ratio:.2f}" for ratio in ratios)])

    row("calls/s", "calls_per_second", ",.0f")
    for label, choose in (("slowest round", min), ("fastest round", max)):
        rates = (choose(result["calls_per_second"] for result in servers[name]) for name in names)
        rows.append([label, *(f"{rate:,.0f}" for rate in rates), "", ""])
    row("server CPU µs/call", "server_cpu_us_per_call", ".3f")
    row("load CPU µs/call", "client_cpu_us_per_call", ".3f")
    row("p50 µs", "p50_us", ",.0f")
    row("p99 µs", "p99_us", ",.0f")
    return table(rows)


def singles_bars(in_flight: int, servers: dict[str, list[dict[str, float]]]) -> list[Bar]:
    rates = {name: round(middle(results, "calls_per_second")) for name, results in servers.items()}
    bars = []
    for other, bar in (("reference", REFERENCE_PERCENT[in_flight]), ("redis", REDIS_PERCENT[in_flight])):
        reached = percent(rates["firnd"], rates[other])
        above = bar == 100
        met = rates["firnd"] > rates[other] if above else 100 * rates["firnd"] >= bar * rates[other]
        asked = "above it is asked" if above else f"{bar} % is asked"
        whose = "the reference's" if other == "reference" else "redis's"
        words = f"{in_flight} in flight: {rates['firnd']:,} calls/s, {reached} % of {whose} {rates[other]:,}"
        bars.append(Bar(met, f"{words}; {asked}"))
    return bars


def batches_table(batches: dict[int, list[dict[str, float]]]) -> str:
    rows = [["in flight", "IDs/s", f"of {LAYOUT_IDS_PER_SECOND:,}", "server CPU µs/batch", "p50 µs", "p99 µs"]]
    for in_flight, results in batches.items():
        rate = middle(results, "ids_per_second")
        row = [str(in_flight), f"{rate:,.0f}", f"{percent(rate, LAYOUT_IDS_PER_SECOND)} %"]
        row.append(f"{middle(results, 'server_cpu_us_per_call'):.1f}")
        rows.append(row + [f"{middle(results, key):,.0f}" for key in ("p50_us", "p99_us")])
    return table(rows)


def batches_bars(batches: dict[int, list[dict[str, float]]]) -> list[Bar]:
    bars = []
    for in_flight, results in batches.items():
        rate = round(middle(results, "ids_per_second"))
        reached = percent(rate, LAYOUT_IDS_PER_SECOND)
        words = f"batches of {BATCH:,}, {in_flight} in flight: {rate:,} IDs/s, {reached} % of {LAYOUT_IDS_PER_SECOND:,}"
        bars.append(Bar(100 * rate >= BATCH_PERCENT * LAYOUT_IDS_PER_SECOND, f"{words}; {BATCH_PERCENT} % is asked"))
    return bars


def tickets_table(tickets: dict[str, list[dict[str, float]]]) -> str:
    rows = [["", "NextID", "NextTickets", "tickets ÷ IDs"]]
    for label, key, form in (("calls/s", "calls_per_second", ",.0f"), ("server CPU µs/call", "server_cpu_us_per_call", ".3f")):
        ids, ticks = middle(tickets["firn"], key), middle(tickets["tickets"], key)
        rows.append([label, format(ids, form), format(ticks, form), f"{ticks / ids:.2f}"])
    return table(rows)


def tickets_bar(tickets: dict[str, list[dict[str, float]]]) -> Bar:
    ids, ticks = (round(middle(tickets[name], "calls_per_second")) for name in ("firn", "tickets"))
    words = f"tickets, one connection, 32 in flight: {ticks:,} calls/s, {percent(ticks, ids)} % of NextID's {ids:,}"
    return Bar(100 * ticks >= TICKETS_PERCENT * ids, f"{words}; {TICKETS_PERCENT} % is asked")


def busy_words(measurements: list[dict[str, float]]) -> str:
    shares = [round(100 * result["strangers"]) for result in measurements]
    return (
        f"Other processes kept {round(median(shares))} % of the machine's CPU time busy in the median measurement, "
        f"{max(shares)} % in the worst."
    )


def machine_words(bench: Bench) -> str:
    pinned = ", server and load each on a CPU of its own" if bench.server_cpu is not None else ""
    return (
        f"{os.cpu_count()} CPUs ({platform.machine()}), Linux {platform.release()}; "
        f"medians of {bench.rounds} interleaved rounds of {bench.seconds:g} s{pinned}."
    )


def whole_report(
    bench: Bench, singles, batches, tickets, memory: dict[str, int], first: list[float], others: list[tuple[str, str, list[Bar]]]
) -> str:
    """`others` are whole parts: a title, a table, bars."""
    measurements = [result for servers in singles.values() for results in servers.values() for result in results]
    measurements += [result for results in [*batches.values(), *tickets.values()] for result in results]
    parts = [machine_words(bench) + "\n" + busy_words(measurements)]
    bars = []
    for in_flight, servers in singles.items():
        title = "One call at a time" if in_flight == 1 else f"{in_flight} calls in flight"
        parts += [f"## {title} on each of {CONNECTIONS} Unix connections", singles_table(servers)]
        bars += singles_bars(in_flight, servers)
    parts += [f"## NextBatch of {BATCH:,} on one connection, default layout", batches_table(batches)]
    bars += batches_bars(batches)
    parts += ["## Tickets on one connection, 32 calls in flight", tickets_table(tickets)]
    bars.append(tickets_bar(tickets))
    for title, words, of_part in others:
        parts += [f"## {title}", words]
        bars += of_part

    first_median, first_worst = median(first), max(first)
    rows = [["", "firnd", "redis"]]
    rows.append(["idle resident KiB", f"{memory['firnd']:,}", f"{memory['redis']:,}"])
    rows.append(["exec to first ID, warm store, ms", f"{first_median:.1f} (worst {first_worst:.1f})", ""])
    parts += ["## At rest and at the start", table(rows)]
    bars.append(
        Bar(
            memory["firnd"] < memory["redis"],
            f"idle: {memory['firnd']:,} KiB resident; less than redis's {memory['redis']:,} is asked",
        )
    )
    bars.append(
        Bar(
            first_median <= FIRST_ID_MILLISECONDS,
            f"first ID after {math.ceil(first_median)} ms; {FIRST_ID_MILLISECONDS} ms is asked",
        )
    )
    parts += ["## Bars", "```\n" + "\n".join(map(str, bars)) + "\n```"]
    return "\n\n".join(parts) + "\n"
