"""The latencies that the load generator wrote: counts in the buckets of an HdrHistogram (`socket/histogram.h`).

Counting takes ten lines, and the buckets of all rounds are added here. Debian has no HdrHistogram for C, and the one for
Python would be downloaded in each run and would do no more than this.
"""

import math
from collections import Counter
from pathlib import Path

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def read(path: str) -> Counter[int]:
    """Nanoseconds, and the count."""
    return Counter({int(value): int(count) for value, count in map(str.split, Path(path).read_text().splitlines())})


def percentiles(histogram: Counter[int]) -> dict[str, float]:
    """For each share, the microseconds that this share of all values does not exceed."""
    total, seen, results = histogram.total(), 0, {}
    wanted = {name: max(1, math.ceil(share * total)) for name, share in PERCENTILES.items()}
    for value in sorted(histogram):
        seen += histogram[value]
        for name in [name for name, count in wanted.items() if seen >= count and name not in results]:
            results[name] = value / 1e3
    return results
