#!/usr/bin/env bash
# Package:  PyPI python3-xid 1.0.5; beside it fast-xid 0.1.0.
# Expected: three bytes of an xid are a hash of the host's name, so that two hosts rarely have the same ones: 16,777,216 are possible.
# Seen:     python3-xid takes the first three characters of the text that Python shows for those bytes: b, a quote, and one
#           more. For bytes that are no printable ASCII, and so for most hosts, the third is a backslash. Of 1,000 hosts more than
#           600 have one machine number, and all have fewer than 100. fast-xid has another number for each.
# Matters:  in containers the process number is 1 everywhere. What keeps two of them apart is then the counter alone, which begins
#           at random and counts on: two that reach the same numbers in the same second make the same IDs.
# Source:   xid.py, realMachineID, str() of the digest's bytes; rs/xid's README, "3-byte machine identifier".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python3-xid==1.0.5 fast-xid==0.1.0

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
import importlib
import platform
from collections import Counter
from importlib.metadata import version

import fast_xid
import xid

hosts = [f"web-{each}.example" for each in range(1000)]
machines = {"python3-xid": [], "fast-xid": []}
for host in hosts:
    # The name of the host, as the packages ask for it.
    platform.node = lambda: host
    importlib.reload(xid)
    machines["python3-xid"].append(bytes(xid.Xid().value[4:7]))
    importlib.reload(fast_xid)
    machines["fast-xid"].append(bytes(fast_xid.XID().machine()))
for name, found in machines.items():
    machine, times = Counter(found).most_common(1)[0]
    print(f"{name} {version(name)}: {len(set(found))} machine numbers for 1,000 hosts, one of them for {times}")
    if times > 1:
        print("  that one as characters:", *map(chr, machine))
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "machine-number-in-quotes: this is not what was seen before" >&2; exit 1; }
python3-xid 1.0.5: 97 machine numbers for 1,000 hosts, one of them for 623
  that one as characters: b ' \
fast-xid 0.1.0: 1000 machine numbers for 1,000 hosts, one of them for 1
EXPECTED
