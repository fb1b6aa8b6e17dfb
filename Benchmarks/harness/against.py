"""Compares two builds: firnd of a commit, in a separate work tree, and this one, in rounds in which they take turns."""

import shutil
import subprocess
import sys
from contextlib import ExitStack
from statistics import median

from bench import CONNECTIONS, Bench, middle
from build import PACKAGE, build_release
from http_programs import HTTPPrograms, firnd_server, measure
from instructions import instructions_per_call
from report import Section, table
from scenarios import first_ids, resident

FOLDER = PACKAGE / ".build" / "against"
#: A name, the load generator's options, and the compared figure.
CALLS = {
    "one call at a time, 16 Unix connections": ("unix", 1),
    "32 in flight, 16 Unix connections": ("unix", 32),
    "one call at a time, 16 TCP connections": ("tcp", 1),
}


def build_revision(revision: str) -> tuple[str, str]:
    """The commit's short name and its firnd, built as released. The build and its folder are kept."""
    commit = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", otherwise=f"--against {revision}: no such commit")
    name = _git("rev-parse", "--short", commit)
    built = FOLDER / f"firnd-{commit}"
    if built.exists():
        return name, str(built)
    tree = FOLDER / "tree"
    if (tree / ".git").exists():
        _git("-C", str(tree), "checkout", "--quiet", "--force", "--detach", commit)
    else:
        FOLDER.mkdir(parents=True, exist_ok=True)
        _git("worktree", "prune")
        _git("worktree", "add", "--quiet", "--force", "--detach", str(tree), commit)
    resolved = PACKAGE / "Package.resolved"
    if resolved.exists():
        shutil.copy(resolved, tree)  # the same versions of the packages
    print(f"building firnd of {name} in {tree.relative_to(PACKAGE)}; the first time takes minutes", flush=True)
    partial = FOLDER / "firnd-partial"
    shutil.copy(build_release(tree), partial)
    partial.rename(built)
    return name, str(built)


def _git(*words: str, otherwise: str | None = None) -> str:
    result = subprocess.run(["git", *words], cwd=PACKAGE, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"run: {otherwise or f'git {words[0]} failed: {result.stderr.strip()}'}")
    return result.stdout.strip()


def against(bench: Bench, other: str, name: str, programs: HTTPPrograms) -> Section:
    """All comparisons, as a table of medians and of the ratio in each round."""
    builds = {"this": bench.firnd, "other": other}
    measured: dict[str, dict[str, list[dict[str, float]]]] = {label: {build: [] for build in builds} for label in [*CALLS, "GET /"]}
    with ExitStack() as stack:
        servers = {
            (transport, build): stack.enter_context(bench.wide_firn_server(transport, f"firnd-{build}-{transport}", firnd))
            for transport in ("unix", "tcp")
            for build, firnd in builds.items()
        }
        web = {build: stack.enter_context(firnd_server(bench, f"firnd-http-{build}", firnd=firnd)) for build, firnd in builds.items()}
        for turn in range(bench.rounds):
            # The first one alternates from round to round.
            order = list(builds) if turn % 2 == 0 else list(reversed(builds))
            for label, (transport, in_flight) in CALLS.items():
                for build in order:
                    options = ("--connections", CONNECTIONS, "--in-flight", in_flight)
                    measured[label][build].append(bench.load(servers[transport, build], *options))
            for build in order:
                measured["GET /"][build].append(measure(bench, programs.wrk, web[build], CONNECTIONS))
            print(f"  round {turn + 1} of {bench.rounds}", flush=True)
    rows = [["", name, "this build", "this ÷ it", "ratios of the rounds"]]
    for label, rounds in measured.items():
        rate = "requests_per_second" if label == "GET /" else "calls_per_second"
        for words, key, form in (("calls/s", rate, ",.0f"), ("server CPU µs", "server_cpu_us_per_call", ".3f"), ("p99 µs", "p99_us", ",.0f")):
            rows.append(_row(f"{label}: {words}", rounds, key, form))
    rows += _rest(bench, builds)
    words = f"firnd of {name} and of this working copy, in {bench.rounds} rounds by turns. "
    words += "The last column is the lowest and the highest ratio of a round."
    return Section(f"This build beside {name}", table(rows), words)


def _row(label: str, rounds: dict[str, list[dict[str, float]]], key: str, form: str) -> list[str]:
    theirs, ours = middle(rounds["other"], key), middle(rounds["this"], key)
    ratios = [ours[key] / theirs[key] for ours, theirs in zip(rounds["this"], rounds["other"])]
    cells = [format(theirs, form), format(ours, form), f"{median(ratios):.3f}", f"{min(ratios):.3f} to {max(ratios):.3f}"]
    return [label, *cells]


def _rest(bench: Bench, builds: dict[str, str]) -> list[list[str]]:
    """Memory, start time and instructions: measured once each."""
    rows = []

    def add(label: str, values: dict[str, float], form: str):
        rows.append([label, format(values["other"], form), format(values["this"], form), f"{values['this'] / values['other']:.3f}", ""])

    add("idle, resident KiB", {build: resident(bench, firnd, build) for build, firnd in builds.items()}, ",.0f")
    starts = {build: first_ids(bench, f"sqlite:{bench.folder}/{build}.sqlite", firnd) for build, firnd in builds.items()}
    add("exec to first ID, ms", {build: median(times) for build, times in starts.items()}, ".1f")
    counted = {build: instructions_per_call(firnd) for build, firnd in builds.items()}
    for label in counted["this"]:
        add(f"instructions: {label}", {build: counted[build][label] for build in builds}, ",.0f")
    return rows
