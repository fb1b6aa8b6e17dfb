"""Writes docs/BENCHMARKS.md with its pictures, and the figures in README.md, all from one run."""

import sys
from pathlib import Path
from statistics import median

from bench import BATCH, middle
from build import PACKAGE
from report import Section, bars_section, paragraph, percent, table
from sections import LAYOUT_IDS_PER_SECOND
from stores import REMOTE

BEGIN = "<!-- Benchmarks/run --write-docs writes what is from here … -->"
END = "<!-- … to here -->"
THEMES = ("light", "dark")
READING = """\
- **calls/s**: the median of the rounds; the slowest and the fastest are below it. The servers take turns within a round, so
  that a slow minute of the machine hits all of them.
- **server CPU µs/call**: CPU time of all the server's threads and processes, in user and kernel, over its calls. It is
  steadier than the rate, which depends on who else runs and on the load generator: where *that* needs as much CPU per call
  as the server, it sets the rate. For the plain C server it does.
- **p50, p99 µs** beside a highest rate: from writing a call to reading its answer. With many calls in flight this is
  mostly the time spent in line. What a caller sees at a rate that a service really has is under "Latency at a given rate".
- **firnd ÷ C, firnd ÷ Redis**: above 1 is better in rates; below 1 is better in costs and times.
- **plain C** is `Benchmarks/socket/reference-server.c`: it answers frames as long as firnd's and does nothing else. It is
  the limit, and not a service: its IDs start over when it does.
- Redis and memcached count in memory, and lose or repeat numbers when they are restarted; PostgreSQL syncs its log.
  firnd's store is in memory where nothing else is said, for it is behind a call only once in seconds; "The store" compares.
- Where other processes kept the machine busy, repeat the run.
"""


def picture(name: str, words: str, folder: str) -> str:
    return (
        f'<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="{folder}/{name}-dark.svg">\n'
        f'  <img alt="{words}" src="{folder}/{name}-light.svg">\n</picture>'
    )


def document(machine: str, versions: str, made: str, sections: list[Section]) -> str:
    parts = [
        "# Benchmarks",
        f"Made by `Benchmarks/run --write-docs` in {made}, which measures all of it again ([how](../Benchmarks/README.md)).",
        paragraph(machine),
        paragraph(f"Beside firnd: {versions}."),
        "## How to read it",
        READING.rstrip(),
    ]
    for section in [*sections, bars_section(sections)]:
        parts.append(section.markdown(picture(section.picture, section.title, "images") if section.picture else ""))
    return "\n\n".join(parts) + "\n"


def readme(machine: str, results) -> str:
    """The text in README.md between its two marks."""
    one, many = results.singles[1], results.singles[32]
    names = ("reference", "firnd", "redis", "memcached")
    rows = [["Unix socket, 16 connections", "plain C", "firnd", "Redis INCR", "memcached incr", "firnd ÷ C"]]
    for label, servers, key, form in (
        ("calls per second, one at a time", one, "calls_per_second", ",.0f"),
        ("calls per second, 32 in flight", many, "calls_per_second", ",.0f"),
        ("server CPU µs per call, one at a time", one, "server_cpu_us_per_call", ".2f"),
        ("server CPU µs per call, 32 in flight", many, "server_cpu_us_per_call", ".3f"),
    ):
        values = {name: middle(servers[name], key) for name in names}
        ratio = values["firnd"] / values["reference"]
        rows.append([label, *(format(value, form) for value in values.values()), f"{ratio:.2f}"])
    parts = [picture("rates", "Calls per second of a plain C server, firnd, Redis, memcached and PostgreSQL", "docs/images")]
    return "\n\n".join([*parts, paragraph(machine), table(rows), *map(paragraph, _sentences(results))])


def _sentences(results) -> list[str]:
    batch = middle(results.batches["firnd, 2 in flight"], "ids_per_second")
    ids, ticks = (middle(results.tickets[name], "calls_per_second") for name in ("firn", "tickets"))
    shares = {
        name: [
            percent(middle(stores[name], "calls_per_second"), middle(stores["sqlite"], "calls_per_second"))
            for stores in results.stores["calls"].values()
        ]
        for name in REMOTE
    }
    calls = f"Batches of {BATCH:,} on one connection: {batch:,.0f} IDs per second, {percent(batch, LAYOUT_IDS_PER_SECOND)} % of what "
    calls += "the default layout has. "
    for name, store in REMOTE.items():
        calls += f"With {store} instead of SQLite: {shares[name][0]} % and {shares[name][1]} % of the rates, and "
        calls += f"{median(results.stores['first'][name]):.0f} ms from exec to the first ID instead of {median(results.first):.0f}. "
    calls += f"Tickets from a named sequence: {ticks:,.0f} per second on one connection, beside {ids:,.0f} IDs."
    at = {name: results.latencies[1][name][50] for name in ("firnd", "redis")}
    late = f"At half of its highest rate ({at['firnd']['rate']:,.0f} calls per second, each due at its time) firnd answers within "
    late += f"{at['firnd']['p50']:,.0f} µs in the median and {at['firnd']['p99']:,.0f} µs in 99 of 100 calls; Redis at half of its own within "
    late += f"{at['redis']['p50']:,.0f} and {at['redis']['p99']:,.0f} µs."
    web = "`GET /` beside the service of the article, in Go with gin and sonyflake's arithmetic, both with sonyflake's layout and its "
    web += "cap of 25,600 IDs per second: "
    for count, mark in ((16, ", "), (64, ".")):
        ours, theirs = (middle(results.http[count][name], "requests_per_cpu_second") for name in ("firnd-sonyflake", "article"))
        web += f"{ours:,.0f} requests per second of CPU time to {theirs:,.0f} on {count} connections ({ours / theirs:.2f} times){mark}"
    memory = {name: [kibibytes / 1024 for kibibytes in both] for name, both in results.memory.items()}
    rest = f"Idle: {memory['firnd'][0]:.1f} MiB resident, {memory['firnd'][1]:.1f} MiB of it its own "
    rest += f"(Redis {memory['redis'][0]:.1f} and {memory['redis'][1]:.1f}). "
    rest += "[docs/BENCHMARKS.md](docs/BENCHMARKS.md) has the whole run: latencies at given rates, 1 to 2,000 connections, the client library; "
    rest += "`Benchmarks/run` measures it again."
    return [calls, late, web, rest]


def write(machine: str, versions: str, made: str, sections: list[Section], pictures: dict[str, object], results):
    images = PACKAGE / "docs/images"
    images.mkdir(parents=True, exist_ok=True)
    for name, draw in pictures.items():
        for theme in THEMES:
            (images / f"{name}-{theme}.svg").write_text(draw(theme))
    path = PACKAGE / "docs/BENCHMARKS.md"
    path.write_text(document(machine, versions, made, sections))
    _between_marks(PACKAGE / "README.md", readme(machine, results))
    print(f"wrote {path.relative_to(PACKAGE)}, {images.relative_to(PACKAGE)} and README.md")


def check_marks():
    """Checks before a run that README.md has the marks that are needed at its end."""
    text = (PACKAGE / "README.md").read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        sys.exit(f"run: README.md lacks the marks between which figures are written, once each: {BEGIN} and {END}")


def _between_marks(path: Path, words: str):
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n\n{words}\n\n{END}{after}")
