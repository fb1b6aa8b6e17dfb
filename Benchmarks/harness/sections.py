"""The sections for the results of `scenarios`, and the bars that belong to them."""

import math
from statistics import median

from bench import BATCH, CONNECTIONS, LABELS, middle
from report import Bar, Section, percent, table

#: The limit of the default layout: 4,096 IDs per millisecond.
LAYOUT_IDS_PER_SECOND = 4_096_000
FIRST_ID_MILLISECONDS = 50
#: For the rates with 1 and 32 calls in flight, in hundredths: of the reference's rate, and of Redis's.
REFERENCE_PERCENT = {1: 90, 32: 45}
REDIS_PERCENT = {1: 100, 32: 180}
BATCH_PERCENT = 98
TICKETS_PERCENT = 50


def singles_sections(results: dict[int, dict[str, list[dict[str, float]]]]) -> list[Section]:
    sections = []
    for in_flight, servers in results.items():
        title = "One call at a time" if in_flight == 1 else f"{in_flight} calls in flight"
        words = (
            "The load generator is one thread, the same for all but PostgreSQL, which its own pgbench drives; so is each "
            "server, but for PostgreSQL, which has a process for each connection and syncs its log."
            if in_flight == 1
            else ""
        )
        picture = "rates" if in_flight == 1 else None
        title = f"{title} on each of {CONNECTIONS} Unix connections"
        sections.append(Section(title, singles_table(servers), words, singles_bars(in_flight, servers), picture))
    return sections


def singles_table(servers: dict[str, list[dict[str, float]]]) -> str:
    rows = [["", *(LABELS[name] for name in servers), "firnd ÷ C", "firnd ÷ Redis"]]

    def row(label: str, key: str, form: str):
        values = {name: middle(results, key) if key in results[0] else None for name, results in servers.items()}
        ratios = [values["firnd"] / values[other] for other in ("reference", "redis")]
        cells = ("" if value is None else format(value, form) for value in values.values())
        rows.append([label, *cells, *(f"{ratio:.2f}" for ratio in ratios)])

    row("calls/s", "calls_per_second", ",.0f")
    for label, choose in (("slowest round", min), ("fastest round", max)):
        rates = (choose(result["calls_per_second"] for result in results) for results in servers.values())
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
        whose = "the reference's" if other == "reference" else "Redis's"
        words = f"{in_flight} in flight: {rates['firnd']:,} calls/s, {reached} % of {whose} {rates[other]:,}"
        bars.append(Bar(met, f"{words}; {asked}"))
    return bars


def batches_section(batches: dict[str, list[dict[str, float]]]) -> Section:
    rows = [["", "IDs/s", f"of the layout's {LAYOUT_IDS_PER_SECOND:,}", "server CPU µs/batch", "p50 µs", "p99 µs"]]
    bars = []
    for label, results in batches.items():
        rate = middle(results, "ids_per_second")
        reached = percent(rate, LAYOUT_IDS_PER_SECOND)
        ours = label.startswith("firnd")
        cells = [f"{rate:,.0f}", f"{reached} %" if ours else "", f"{middle(results, 'server_cpu_us_per_call'):.1f}"]
        rows.append([label, *cells, *(f"{middle(results, key):,.0f}" for key in ("p50_us", "p99_us"))])
        if ours:
            words = f"batches of {BATCH:,}, {label}: {rate:,.0f} IDs/s, {reached} % of {LAYOUT_IDS_PER_SECOND:,}"
            met = 100 * round(rate) >= BATCH_PERCENT * LAYOUT_IDS_PER_SECOND
            bars.append(Bar(met, f"{words}; {BATCH_PERCENT} % is asked"))
    words = "firnd has the default layout, whose time bounds its rate: 4,096 IDs in a millisecond. A counter has no such bound."
    return Section(f"Batches of {BATCH:,} on one connection", table(rows), words, bars)


def tickets_section(tickets: dict[str, list[dict[str, float]]]) -> Section:
    rows = [["", "NextID", "NextTickets", "tickets ÷ IDs"]]
    for label, key, form in (("calls/s", "calls_per_second", ",.0f"), ("server CPU µs/call", "server_cpu_us_per_call", ".3f")):
        ids, ticks = middle(tickets["firn"], key), middle(tickets["tickets"], key)
        rows.append([label, format(ids, form), format(ticks, form), f"{ticks / ids:.2f}"])
    ids, ticks = (round(middle(tickets[name], "calls_per_second")) for name in ("firn", "tickets"))
    words = f"tickets, one connection, 32 in flight: {ticks:,} calls/s, {percent(ticks, ids)} % of NextID's {ids:,}"
    bar = Bar(100 * ticks >= TICKETS_PERCENT * ids, f"{words}; {TICKETS_PERCENT} % is asked")
    return Section("Tickets on one connection, 32 calls in flight", table(rows), "NextTickets of one, SQLite store.", [bar])


def rest_section(memory: dict[str, tuple[int, int]], first: list[float]) -> Section:
    first_median, first_worst = median(first), max(first)
    rows = [["", "firnd", "Redis", "memcached"]]
    for index, label in enumerate(("idle, resident KiB", "of that its own, no file's")):
        rows.append([label, *(f"{memory[name][index]:,}" for name in ("firnd", "redis", "memcached"))])
    rows.append(["exec to first ID, warm store, ms", f"{first_median:.1f} (worst {first_worst:.1f})", "", ""])
    idle = f"idle: {memory['firnd'][0]:,} KiB resident; less than Redis's {memory['redis'][0]:,} is asked"
    start = f"first ID after {math.ceil(first_median)} ms; {FIRST_ID_MILLISECONDS} ms is asked"
    bars = [Bar(memory["firnd"][0] < memory["redis"][0], idle), Bar(first_median <= FIRST_ID_MILLISECONDS, start)]
    words = "firnd with what it starts with by default, SQLite's store among it, one second after its start; nobody called yet."
    return Section("At rest and at the start", table(rows), words, bars)


def instructions_section(measured: dict[str, float]) -> Section:
    rows = [["instructions per call, user space", "firnd"], *([name, f"{figure:,.0f}"] for name, figure in measured.items())]
    words = (
        "By callgrind, of a client in lock-step. This figure does not depend on the neighbours; the kernel's part is not in "
        "it. `scripts/check-instructions` holds it against the recorded one."
    )
    return Section("Instructions per call", table(rows), words)
