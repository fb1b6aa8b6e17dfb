#!/usr/bin/env bash
# Package:  PyPI vowpalwabbit 9.11.9.
# Expected: features with the names of a thousand users are hashed into 2^18 places, where two of a thousand may meet.
# Seen:     a name of decimal digits is not hashed: its low 18 bits are the place. At low rates, when a tick has one ID, all IDs of a worker
#           under the layout snowflake are one feature, and so those of ten workers are ten. What is learned of one user holds for all.
#           More places help little, as the bits above are the worker's: 2^24 places give four for a thousand users. IDs of one tick are
#           spread well, so a test with IDs made at once shows nothing.
# Matters:  nothing is said, and the model is as good as one without users. Give --hash all, or put a letter before the ID.
# Source:   the wiki of Vowpal Wabbit, "Feature Hashing and Extraction", which says that names that are integers are not hashed; the
#           counts are from the run below.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check vowpalwabbit==9.11.9 numpy==2.4.6 scipy==1.17.1

cat >seen.py <<'PYTHON'
from datetime import datetime, timezone
from importlib.metadata import version

from vowpalwabbit import Workspace

start = int(datetime(2026, 6, 1, tzinfo=timezone.utc).timestamp() * 1000) - 1_288_834_974_657
kinds = {
    "one worker, an ID every 37 ms": [(start + each * 37) << 22 | 7 << 12 for each in range(1000)],
    "ten workers, an ID every 37 ms": [(start + each * 37) << 22 | each % 10 << 12 for each in range(1000)],
    "one tick": [start << 22 | 7 << 12 | each for each in range(1000)],
}


def places(options, names):
    workspace = Workspace(f"--quiet {options}")
    found = set()
    for name in names:
        example = workspace.parse(f"1 | {name}")
        found.add(next(iter(example.iter_features()))[0])
        workspace.finish_example(example)
    workspace.finish()
    return len(found)


print("vowpalwabbit", version("vowpalwabbit"))
for kind, ids in kinds.items():
    print(f"places of 1,000 IDs, {kind}")
    print("  as they are:", places("", ids))
    print("  -b 24:      ", places("-b 24", ids))
    print("  --hash all: ", places("--hash all", ids))
    print("  u before:   ", places("", [f"u{each}" for each in ids]))

workspace = Workspace("--quiet --noconstant")
first, second = kinds["one worker, an ID every 37 ms"][:2]
for _ in range(50):
    workspace.learn(f"1 | {first}")
print(f"learned 1 for {first}: predicts {workspace.predict(f'| {first}'):.3f}, and for {second} {workspace.predict(f'| {second}'):.3f}")
PYTHON
venv/bin/python seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "vowpal-wabbit-keeps-18-bits: this is not what was seen before" >&2; exit 1; }
vowpalwabbit 9.11.9
places of 1,000 IDs, one worker, an ID every 37 ms
  as they are: 1
  -b 24:       4
  --hash all:  998
  u before:    1000
places of 1,000 IDs, ten workers, an ID every 37 ms
  as they are: 10
  -b 24:       20
  --hash all:  998
  u before:    999
places of 1,000 IDs, one tick
  as they are: 1000
  -b 24:       1000
  --hash all:  1000
  u before:    999
learned 1 for 2061236281144274944: predicts 1.000, and for 2061236281299464192 1.000
EXPECTED
