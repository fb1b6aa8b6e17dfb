#!/usr/bin/env bash
# Packages: PyPI kdl-py 1.2.0, beside ckdl 1.0.
# Expected: a whole number in a KDL document is a whole number of Python's, whichever way it is written; a parser that has doubles alone
#           has them for all.
# Seen:     kdl-py makes a float of each number in decimal, and an exact int of one in hexadecimal, octal or binary. An ID loses its low
#           digits when it is written in decimal, and is printed with an exponent; IDs of the layout safe53 keep them, and are printed as
#           8123456789012345.0. ckdl reads both exactly, up to 2^64 - 1.
# Matters:  a configuration of IDs that goes through kdl-py's parse and print names other rows, and two IDs of one tick are one.
# Source:   kdl/parsefuncs.py, where a decimal's mantissa is float(). KDL's specification, "Number", leaves the size of numbers to the
#           implementation.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check kdl-py==1.2.0 ckdl==1.0

cat >seen.py <<'PYTHON'
import ckdl
import kdl

for each in (1116766490855473153, 1116766490855473154, 8123456789012345, 2**63 + 1):
    for text in (str(each), hex(each), bin(each)):
        document = f"id {text}"
        print(text[:20], *(["…"] if len(text) > 20 else []))
        print("  kdl-py:", repr(kdl.parse(document).nodes[0].args[0]), "prints", kdl.parse(document).print().strip())
        print("  ckdl:  ", repr(ckdl.parse(document).nodes[0].args[0]))
PYTHON
venv/bin/python seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "kdl-decimals-are-floats: this is not what was seen before" >&2; exit 1; }
1116766490855473153
  kdl-py: 1.1167664908554732e+18 prints id 1.1167664908554732e+18
  ckdl:   1116766490855473153
0xf7f8d34e0800001
  kdl-py: 1116766490855473153 prints id 1116766490855473153
  ckdl:   1116766490855473153
0b111101111111100011 …
  kdl-py: 1116766490855473153 prints id 1116766490855473153
  ckdl:   1116766490855473153
1116766490855473154
  kdl-py: 1.1167664908554732e+18 prints id 1.1167664908554732e+18
  ckdl:   1116766490855473154
0xf7f8d34e0800002
  kdl-py: 1116766490855473154 prints id 1116766490855473154
  ckdl:   1116766490855473154
0b111101111111100011 …
  kdl-py: 1116766490855473154 prints id 1116766490855473154
  ckdl:   1116766490855473154
8123456789012345
  kdl-py: 8123456789012345.0 prints id 8123456789012345.0
  ckdl:   8123456789012345
0x1cdc3dac41df79
  kdl-py: 8123456789012345 prints id 8123456789012345
  ckdl:   8123456789012345
0b111001101110000111 …
  kdl-py: 8123456789012345 prints id 8123456789012345
  ckdl:   8123456789012345
9223372036854775809
  kdl-py: 9.223372036854776e+18 prints id 9.223372036854776e+18
  ckdl:   9223372036854775809
0x8000000000000001
  kdl-py: 9223372036854775809 prints id 9223372036854775809
  ckdl:   9223372036854775809
0b100000000000000000 …
  kdl-py: 9223372036854775809 prints id 9223372036854775809
  ckdl:   9223372036854775809
EXPECTED
