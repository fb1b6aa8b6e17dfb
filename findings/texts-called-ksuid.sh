#!/usr/bin/env bash
# Packages: PyPI ksuid 1.3 and svix-ksuid 0.7.0 (Ksuid and KsuidMs).
# Expected: a KSUID as text is 27 characters of base62, and one package's text is the other's.
# Seen:     str() of ksuid 1.3 is 40 hexadecimal digits. svix-ksuid refuses them, but takes those 40 digits for base62 first: the error
#           is about a number too big. svix-ksuid's KsuidMs has 5 bytes of time, and the fifth counts 4 ms: "millisecond accuracy"
#           is four, and IDs within them are in no order. Its text looks like any KSUID.
# Matters:  a column that both write sorts by package. Hexadecimal text of a KSUID needs another column width.
# Source:   ksuid/ksuid.py, __str__; ksuid/ksuid.py of svix-ksuid, KsuidMs; segmentio/ksuid's README.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/hex"
"$work/hex/bin/pip" install --quiet --disable-pip-version-check ksuid==1.3
python3 -m venv "$work/svix"
"$work/svix/bin/pip" install --quiet --disable-pip-version-check svix-ksuid==0.7.0 python-baseconv==1.2.2

{
    "$work/hex/bin/python" - <<'PYTHON'
import os
import time
from importlib.metadata import version

import ksuid

time.time = lambda: 1_800_000_000.25
os.urandom = lambda count: bytes(range(count))
print(f"ksuid {version('ksuid')}:", ksuid.ksuid())
PYTHON
    "$work/svix/bin/python" - <<'PYTHON'
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

from ksuid import Ksuid, KsuidMs

now = datetime.fromtimestamp(1_800_000_000.25, timezone.utc)
print(f"svix-ksuid {version('svix-ksuid')}:", Ksuid(now, bytes(range(16))))
try:
    print(Ksuid.from_base62("17d78400000102030405060708090a0b0c0d0e0f"))
except Exception as error:
    print("  of the other's text:", type(error).__name__, error)
print("KsuidMs:", KsuidMs(now, bytes(range(15))))
times = [KsuidMs(now + timedelta(milliseconds=each)).timestamp for each in range(1000)]
print("  times in 1,000 ms:", len(set(times)))
PYTHON
} >"$work/seen"

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "texts-called-ksuid: this is not what was seen before" >&2; exit 1; }
ksuid 1.3: 17d78400000102030405060708090a0b0c0d0e0f
svix-ksuid 0.7.0: 3Ouil37bUs2V3TmTG2OoEYtuLS3
  of the other's text: OverflowError int too big to convert
KsuidMs: 3Ouil50aYvk9bzMEUKAxBULNJyY
  times in 1,000 ms: 251
EXPECTED
