"""The pictures of a run. Each function gets results and draws one picture for a light or a dark page."""

from charts import BarPanel, LinePanel, bars, lines
from bench import LABELS, middle
from connections import COUNTS, SERVERS, TRANSPORTS
from histogram import PERCENTILES
from latency import SHARES

#: Short names, because the ends of lines have little room.
SHORT_LABELS = {"reference": "C", "firnd": "firnd", "redis": "Redis", "memcached": "memcached", "postgres": "PostgreSQL"}


def rates(singles, theme: str) -> str:
    panels = []
    for in_flight, servers in singles.items():
        words = "One call at a time" if in_flight == 1 else f"{in_flight} calls in flight"
        rows = []
        for name, results in servers.items():
            rate, cost = middle(results, "calls_per_second"), middle(results, "server_cpu_us_per_call")
            rows.append((LABELS[name], rate, f"{rate:,.0f} · {cost:.3g} µs CPU"))
        panels.append(BarPanel(f"{words} on each of 16 Unix connections: calls per second, and the server's CPU time per call", rows))
    return bars("Calls per second", panels, theme)


def latency(latencies, theme: str) -> str:
    measured = latencies[1]
    panels = []
    for share in SHARES:
        shown = {SHORT_LABELS[name]: [measured[name][share][key] for key in PERCENTILES] for name in measured}
        panels.append(LinePanel(f"{share} % of the highest rate, µs", ["p50", "p90", "p99", "p99.9", "max"], shown))
    return lines("Latency at shares of the highest rate", panels, theme, logarithmic=True)


def connections(sweep, theme: str) -> str:
    panels = []
    for transport, counts in sweep.items():
        shown = {SHORT_LABELS[name]: [middle(counts[count][name], "calls_per_second") for count in COUNTS] for name in SERVERS}
        panels.append(LinePanel(f"{TRANSPORTS[transport]}, calls per second", [f"{count:,}" for count in COUNTS], shown))
    return lines("Calls per second by connections", panels, theme)


def http(results, theme: str) -> str:
    labels = {"article": "the article's service", "firnd-sonyflake": "firnd, sonyflake", "firnd-default": "firnd, default layout"}
    panels = []
    for count, servers in results.items():
        rows = []
        for name, label in labels.items():
            figure = middle(servers[name], "requests_per_cpu_second")
            rows.append((label, figure, f"{figure:,.0f}"))
        plural = "s" if count > 1 else ""
        panels.append(BarPanel(f"GET / on {count} connection{plural}, requests per second of the server's CPU time", rows))
    return bars("Requests per CPU second", panels, theme)
