"""The costs of the client library: one section of the report, measured by `client/` against its own firnd."""

import math
import subprocess
import sys
from dataclasses import dataclass

from bench import WIDE_LAYOUT, Bench, middle
from report import Bar, Section, table

PREFETCHED_NANOSECONDS = 9
#: Two threads on a shared machine slow each other down by about this much, so one of them may be this much slower.
TWO_THREADS_PERCENT = 105
ITERATION_NANOSECONDS = 2
#: An ID's share of the allocations for waking the refill, which happens once for thousands of IDs.
ALLOCATIONS_PER_ID = 0.001
#: The limit as a multiple of the round trip of a plain C client on the same socket.
FRESH_TIMES_C = 3
COALESCED_PER_SECOND = 700_000
COALESCED_TIMES_UNCOALESCED = 5
MINTED_TIMES_CLOCK = 1.3
MINTED_TIMES_COALESCED = 25
#: Of the IDs that the default layout has in a second, and of a processor's time for it.
LAYOUT_PER_SECOND = 4_096_000
LAYOUT_SHARE = 0.99
LAYOUT_PROCESSOR_SHARE = 0.35
TWO_MINTING_TIMES_ONE = 1.9
FIRST_LEASED_MILLISECONDS = 5
MEASUREMENTS = ("prefetched", "iterate", "request-ids", "fresh", "minting")


@dataclass
class ClientResults:
    """For each measurement, the output of client-bench in each round; for `c-client`, that of the load generator."""

    rounds: dict[str, list[dict[str, float]]]

    def middle(self, measurement: str, key: str) -> float:
        return middle(self.rounds[measurement], key)


def client(bench: Bench, program: str) -> ClientResults:
    """client-bench's measurements, in turns, against one daemon with a layout that is never the limit."""
    results = ClientResults({name: [] for name in MEASUREMENTS} | {"c-client": []})
    options = ("--store", f"sqlite:{bench.folder}/client.sqlite", "--state-dir", bench.folder, "--layout", WIDE_LAYOUT, "--shards", "1")
    with bench.firn_server("firnd-client", *options) as server:
        for turn in range(bench.minor_rounds):
            results.rounds["c-client"].append(bench.load(server))
            for name in MEASUREMENTS:
                command = [program, name, "--socket", server.path, "--seconds", str(bench.seconds)]
                command += ["--server-pid", str(server.pid)]
                result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
                if result.returncode != 0:
                    sys.exit(f"run: client-bench {name} failed; what it said is above")
                results.rounds[name].append({key: float(value) for key, value in (word.split("=") for word in result.stdout.split())})
            prefetched, coalesced = (
                results.rounds[name][-1][key] for name, key in (("prefetched", "one_thread_ns"), ("fresh", "coalesced_per_second"))
            )
            words = f"prefetched {prefetched:.1f} ns, nextID coalesced {coalesced:,.0f}/s"
            print(f"  client, round {turn + 1}: {words}", flush=True)
    return results


def client_section(results: ClientResults) -> Section:
    words = "The library as its users have it, from another package, against a firnd whose layout is never full."
    return Section("The client library", client_table(results), words, client_bars(results))


def client_table(results: ClientResults) -> str:
    rows = [["ns per ID", "one thread", "each of two threads"]]
    for label, name in (("Prefetcher.nextIfAvailable()", "prefetched"), ("RequestIDGenerator.next()", "request-ids")):
        rows.append([label, *(f"{results.middle(name, key):.1f}" for key in ("one_thread_ns", "two_threads_ns"))])
    rows.append(["a loop over a batch of 1,000,000", f"{results.middle('iterate', 'iteration_ns'):.2f}", ""])
    return table(rows) + "\n\n" + fresh_table(results) + "\n\n" + minting_words(results)


def minting_words(results: ClientResults) -> str:
    clock, minted, rate, share, first, leased, one, two, one_cost, two_cost = (
        results.middle("minting", key)
        for key in (
            "clock_ns", "minted_ns", "layout_per_second", "layout_processor_share", "first_ms", "first_leased_ms",
            "thread_per_second", "two_threads_per_second", "thread_cpu_ns", "two_threads_cpu_ns",
        )
    )
    return (
        f"A `Minter` inside the process: {minted:.1f} ns for `tryNext()`, where one reading of the clock takes {clock:.1f}. One task "
        f"gets {rate:,.0f} IDs per second of the default layout with {100 * share:.0f} % of a processor. With `ordering: .thread` "
        f"two threads get {two / one:.2f} times the IDs of one ({one:,.0f} per second), for {two_cost:.1f} ns of "
        f"processor time per ID, where one thread takes {one_cost:.1f}. With a SQLite file the first ID comes after "
        f"{first:.1f} ms, with a lease of the daemon after {leased:.1f} ms."
    )


def fresh_table(results: ClientResults) -> str:
    rows = [["nextID()", "calls/s", "client CPU µs/call", "server CPU µs/call", "p50 µs"]]
    alone = results.middle("fresh", "alone_us")
    rows.append(["a plain C client, one call at a time", *c_client_cells(results)])
    rows.append(["one task, not coalesced", "", "", "", f"{alone:.1f}"])
    for label, name in (("64 tasks, not coalesced", "uncoalesced"), ("64 tasks, coalesced", "coalesced")):
        cells = [f"{results.middle('fresh', name + '_per_second'):,.0f}"]
        cells += [f"{results.middle('fresh', f'{name}_{side}_cpu_us'):.3f}" for side in ("client", "server")]
        rows.append([label, *cells, ""])
    return table(rows)


def c_client_cells(results: ClientResults) -> list[str]:
    rate, client, server, median = (
        results.middle("c-client", key)
        for key in ("calls_per_second", "client_cpu_us_per_call", "server_cpu_us_per_call", "p50_us")
    )
    return [f"{rate:,.0f}", f"{client:.3f}", f"{server:.3f}", f"{median:.1f}"]


def client_bars(results: ClientResults) -> list[Bar]:
    one, two = (results.middle("prefetched", key) for key in ("one_thread_ns", "two_threads_ns"))
    iteration = results.middle("iterate", "iteration_ns")
    allocations = results.middle("prefetched", "allocations_per_id")
    share = math.ceil(100 * two / one)
    return [
        Bar(one <= PREFETCHED_NANOSECONDS, f"prefetched: {one:.1f} ns; {PREFETCHED_NANOSECONDS} ns is asked"),
        Bar(
            share <= TWO_THREADS_PERCENT,
            f"prefetched on two threads: {two:.1f} ns each, {share} % of one's; {TWO_THREADS_PERCENT} % is asked",
        ),
        Bar(
            allocations <= ALLOCATIONS_PER_ID,
            f"prefetched: {allocations:.6f} allocations an ID; {ALLOCATIONS_PER_ID} is asked",
        ),
        Bar(
            iteration <= ITERATION_NANOSECONDS,
            f"a loop over a batch: {iteration:.2f} ns an ID; {ITERATION_NANOSECONDS} ns is asked",
        ),
        *fresh_bars(results),
        *minting_bars(results),
    ]


def minting_bars(results: ClientResults) -> list[Bar]:
    clock, minted, allocations, rate, share = (
        results.middle("minting", key)
        for key in ("clock_ns", "minted_ns", "allocations_per_id", "layout_per_second", "layout_processor_share")
    )
    coalesced = results.middle("fresh", "coalesced_per_second")
    one, two, leased = (
        results.middle("minting", key) for key in ("thread_per_second", "two_threads_per_second", "first_leased_ms")
    )
    return [
        Bar(
            minted <= MINTED_TIMES_CLOCK * clock,
            f"minted: {minted:.1f} ns, {minted / clock:.2f} times a reading of the clock; {MINTED_TIMES_CLOCK} times is asked",
        ),
        Bar(
            allocations <= ALLOCATIONS_PER_ID,
            f"minted: {allocations:.6f} allocations an ID; {ALLOCATIONS_PER_ID} is asked",
        ),
        Bar(
            two >= TWO_MINTING_TIMES_ONE * one,
            f"minted by two threads: {two / one:.2f} times one's IDs; {TWO_MINTING_TIMES_ONE} times is asked",
        ),
        Bar(
            leased <= FIRST_LEASED_MILLISECONDS,
            f"leased: {leased:.1f} ms to the first ID; {FIRST_LEASED_MILLISECONDS} ms is asked",
        ),
        Bar(
            1e9 / minted >= MINTED_TIMES_COALESCED * coalesced,
            f"minted: {1e9 / minted / coalesced:.0f} times the rate of 64 coalesced tasks; {MINTED_TIMES_COALESCED} times is asked",
        ),
        Bar(
            rate >= LAYOUT_SHARE * LAYOUT_PER_SECOND and share <= LAYOUT_PROCESSOR_SHARE,
            f"minted by one task: {rate / LAYOUT_PER_SECOND:.3f} of the default layout with {share:.2f} of a processor; "
            f"{LAYOUT_SHARE} with {LAYOUT_PROCESSOR_SHARE} is asked",
        ),
    ]


def fresh_bars(results: ClientResults) -> list[Bar]:
    alone, plain = results.middle("fresh", "alone_us"), results.middle("c-client", "p50_us")
    coalesced, uncoalesced = (round(results.middle("fresh", f"{name}_per_second")) for name in ("coalesced", "uncoalesced"))
    return [
        Bar(
            alone <= FRESH_TIMES_C * plain,
            f"nextID, one task, not coalesced: {alone:.1f} µs, {math.ceil(10 * alone / plain) / 10} times a plain C "
            f"client's {plain:.1f}; {FRESH_TIMES_C} times is asked",
        ),
        Bar(
            coalesced >= COALESCED_PER_SECOND,
            f"nextID, 64 tasks, coalesced: {coalesced:,} per second; {COALESCED_PER_SECOND:,} is asked",
        ),
        Bar(
            coalesced >= COALESCED_TIMES_UNCOALESCED * uncoalesced,
            f"nextID, 64 tasks: coalesced {math.floor(10 * coalesced / uncoalesced) / 10} times the {uncoalesced:,} per "
            f"second without; {COALESCED_TIMES_UNCOALESCED} times is asked",
        ),
    ]
