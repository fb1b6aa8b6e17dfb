"""The environment of a run: the machine, the kernel, the commit, and the versions of all programs."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from bench import Bench, version
from build import PACKAGE


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def commit() -> str:
    result = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=PACKAGE, capture_output=True, text=True)
    return result.stdout.strip() or "unknown"


def machine_words(bench: Bench) -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    pinned = "; server and load each on a CPU of its own" if bench.server_cpu is not None else ""
    shares = [round(100 * share) for share in bench.strangers] or [0]
    return (
        f"{len(os.sched_getaffinity(0))} CPUs ({processor()}, {platform.machine()}), {pages * size / 2**30:.0f} GiB, "
        f"Linux {platform.release()}; "
        f"{datetime.now(timezone.utc):%Y-%m-%d}, commit {commit()}. Medians of {bench.rounds} interleaved rounds of {bench.seconds:g} s for single calls and HTTP, "
        f"of {bench.minor_rounds} for the rest ({bench.minor_seconds:g} s for latencies and numbers of connections){pinned}. "
        f"Other processes kept {round(median(shares))} % of the machine's CPU time busy in the median measurement, "
        f"{max(shares)} % in the worst."
    )


def versions(programs: dict[str, list[str]]) -> str:
    """`programs` are names, and the commands that print their versions."""
    return ", ".join(f"{name} {version(command)}" for name, command in programs.items())
