#!/usr/bin/env bash
# Package:  PyPI numexpr 2.14.2 with numpy 2.4.6.
# Expected: max(x) and min(x) of a column of integers are values of the column, as NumPy's are. abs() of integers is an integer.
# Seen:     max() and min() of int64 go through a double: their result has the type int64, and is a number that no row has, here one less
#           than the ID. abs() is a column of doubles. A column of uint64 is taken for int64 without a word: IDs from 2^63 on are
#           negative, so x >= 0 is False and x >> 22 is a negative time; a literal from 2^63 on is an OverflowError. Comparisons, sum(),
#           remainders and shifts are exact below 2^63, and IDs of the layout safe53 come out right.
# Matters:  "where did we stop" is max(id), and the next query starts with it: `id > last` then finds the last row once more, every
#           time, or leaves one out where the double is above the ID. Take NumPy's max and min for IDs.
# Source:   the run below; the list Numpy-discussion, 14 March 2007, "Which dtype are supported by numexpr?", which leaves uint64 out.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check numexpr==2.14.2 numpy==2.4.6

cat >seen.py <<'PYTHON'
from importlib.metadata import version

import numexpr
import numpy as np

print("numexpr", version("numexpr"))
for name, ids in (
    ("snowflake", np.array([1116766490855473153, 1116766490855473154, 1116766490855473155])),
    ("a second apart", np.array([1116766490855473153 + (each * 1000 << 22) for each in range(3)])),
    ("rounded up", np.array([1116766490855473153 + 250])),
    ("safe53", np.array([8123456789012345, 8123456789012346])),
    ("discord, from 2^63 on", np.array([2**63 + 1, 2**63 + 2], np.uint64)),
):
    print(f"{name}: {ids.dtype} {ids.min()} to {ids.max()}")
    for text in ("max(ids)", "min(ids)", "sum(ids)", "abs(ids)", "ids + 0", "ids >= 0", "ids >> 22"):
        result = numexpr.evaluate(text, {"ids": ids})
        print(f"  {text}:", result.dtype, result.tolist())
    text = f"ids == {ids[0]}"
    try:
        print(f"  {text}:", numexpr.evaluate(text, {"ids": ids}).tolist())
    except OverflowError as error:
        print(f"  {text}: OverflowError, {error}")
PYTHON
venv/bin/python seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "numexpr-largest-id-is-no-id: this is not what was seen before" >&2; exit 1; }
numexpr 2.14.2
snowflake: int64 1116766490855473153 to 1116766490855473155
  max(ids): int64 1116766490855473152
  min(ids): int64 1116766490855473152
  sum(ids): int64 3350299472566419462
  abs(ids): float64 [1.1167664908554732e+18, 1.1167664908554732e+18, 1.1167664908554732e+18]
  ids + 0: int64 [1116766490855473153, 1116766490855473154, 1116766490855473155]
  ids >= 0: bool [True, True, True]
  ids >> 22: int64 [266257879938, 266257879938, 266257879938]
  ids == 1116766490855473153: [True, False, False]
a second apart: int64 1116766490855473153 to 1116766499244081153
  max(ids): int64 1116766499244081152
  min(ids): int64 1116766490855473152
  sum(ids): int64 3350299485149331459
  abs(ids): float64 [1.1167664908554732e+18, 1.1167664950497772e+18, 1.1167664992440812e+18]
  ids + 0: int64 [1116766490855473153, 1116766495049777153, 1116766499244081153]
  ids >= 0: bool [True, True, True]
  ids >> 22: int64 [266257879938, 266257880938, 266257881938]
  ids == 1116766490855473153: [True, False, False]
rounded up: int64 1116766490855473403 to 1116766490855473403
  max(ids): int64 1116766490855473408
  min(ids): int64 1116766490855473408
  sum(ids): int64 1116766490855473403
  abs(ids): float64 [1.1167664908554734e+18]
  ids + 0: int64 [1116766490855473403]
  ids >= 0: bool [True]
  ids >> 22: int64 [266257879938]
  ids == 1116766490855473403: [True]
safe53: int64 8123456789012345 to 8123456789012346
  max(ids): int64 8123456789012346
  min(ids): int64 8123456789012345
  sum(ids): int64 16246913578024691
  abs(ids): float64 [8123456789012345.0, 8123456789012346.0]
  ids + 0: int64 [8123456789012345, 8123456789012346]
  ids >= 0: bool [True, True]
  ids >> 22: int64 [1936783025, 1936783025]
  ids == 8123456789012345: [True, False]
discord, from 2^63 on: uint64 9223372036854775809 to 9223372036854775810
  max(ids): int64 -9223372036854775808
  min(ids): int64 -9223372036854775808
  sum(ids): int64 3
  abs(ids): float64 [9.223372036854776e+18, 9.223372036854776e+18]
  ids + 0: int64 [-9223372036854775807, -9223372036854775806]
  ids >= 0: bool [False, False]
  ids >> 22: int64 [-2199023255552, -2199023255552]
  ids == 9223372036854775809: OverflowError, Python int too large to convert to C long
EXPECTED
