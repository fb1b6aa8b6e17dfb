"""What the client library costs: one section of the report, measured by `client/` against a firnd of its own."""

import math
import subprocess
import sys
from dataclasses import dataclass

from report import Bar, table
from scenarios import WIDE_LAYOUT, Bench, middle

TRY_NEXT_NANOSECONDS = 9
#: Two threads on a shared machine disturb each other by about that much: what one of them may be slower.
TWO_THREADS_PERCENT = 105
ITERATION_NANOSECONDS = 2
#: An ID's share of what waking the refill allocates, which happens once for thousands of IDs.
ALLOCATIONS_PER_ID = 0.001
MEASUREMENTS = ("try-next", "iterate", "request-ids")


@dataclass
class ClientResults:
    """For each measurement, what client-bench printed in each round."""

    rounds: dict[str, list[dict[str, float]]]

    def middle(self, measurement: str, key: str) -> float:
        return middle(self.rounds[measurement], key)


def client(bench: Bench, program: str) -> ClientResults:
    """client-bench's measurements, in turns, against one daemon whose layout is never full."""
    results = ClientResults({name: [] for name in MEASUREMENTS})
    options = ("--store", f"sqlite:{bench.folder}/client.sqlite", "--layout", WIDE_LAYOUT, "--shards", "1")
    with bench.firn_server("firnd-client", *options) as server:
        for turn in range(bench.rounds):
            for name, measured in results.rounds.items():
                command = [program, name, "--socket", server.path, "--seconds", str(bench.seconds)]
                result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
                if result.returncode != 0:
                    sys.exit(f"run: client-bench {name} failed; what it said is above")
                measured.append({key: float(value) for key, value in (word.split("=") for word in result.stdout.split())})
            print(f"  client, round {turn + 1}: tryNext {results.rounds['try-next'][-1]['one_thread_ns']:.1f} ns", flush=True)
    return results


def client_table(results: ClientResults) -> str:
    rows = [["ns per ID", "one thread", "each of two threads"]]
    for label, name in (("Prefetcher.tryNext()", "try-next"), ("RequestIDGenerator.next()", "request-ids")):
        rows.append([label, *(f"{results.middle(name, key):.1f}" for key in ("one_thread_ns", "two_threads_ns"))])
    rows.append(["a loop over nextIDs(1,000,000)", f"{results.middle('iterate', 'iteration_ns'):.2f}", ""])
    # Fresh IDs: rows for nextID() with and without coalescing belong here.
    return table(rows)


def client_bars(results: ClientResults) -> list[Bar]:
    one, two = (results.middle("try-next", key) for key in ("one_thread_ns", "two_threads_ns"))
    iteration = results.middle("iterate", "iteration_ns")
    allocations = results.middle("try-next", "allocations_per_id")
    share = math.ceil(100 * two / one)
    return [
        Bar(one <= TRY_NEXT_NANOSECONDS, f"tryNext: {one:.1f} ns; {TRY_NEXT_NANOSECONDS} ns is asked"),
        Bar(
            share <= TWO_THREADS_PERCENT,
            f"tryNext on two threads: {two:.1f} ns each, {share} % of one's; {TWO_THREADS_PERCENT} % is asked",
        ),
        Bar(
            allocations <= ALLOCATIONS_PER_ID,
            f"tryNext: {allocations:.6f} allocations an ID; {ALLOCATIONS_PER_ID} is asked",
        ),
        Bar(
            iteration <= ITERATION_NANOSECONDS,
            f"a loop over a batch: {iteration:.2f} ns an ID; {ITERATION_NANOSECONDS} ns is asked",
        ),
        # Fresh IDs: bars belong here. Asked: nextID() without coalescing at most 3 times the round trip of a plain C
        # client in the median; with 64 tasks coalesced 700,000 a second, and 5 times the uncoalesced rate.
    ]
