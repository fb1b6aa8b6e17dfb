#!/usr/bin/env bash
# Package:  PyPI jsonnet 0.22.0 (Google's, in C++).
# Expected: Jsonnet's numbers are doubles, so an ID above 2^53 becomes the nearest double. However it is read and written, that is one
#           number.
# Seen:     it is up to three. Written as a number, or with "%s" or "%x", it has the double's digits. "%d" divides by ten in doubles for
#           its digits, and shows up to a hundred more. std.parseInt adds digit by digit in doubles, and can make another double of
#           the same ID's text than the parser of Jsonnet does. IDs of the layout safe53 are exact throughout.
# Matters:  a configuration that puts an ID into a field and, with "%d", into a name has two different IDs, neither of them the one that
#           was meant. Write IDs in quotes, and use neither "%d" nor parseInt on them.
# Source:   the run below; stdlib/std.jsonnet, render_int.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonnet==0.22.0

cat >seen.py <<'PYTHON'
from importlib.metadata import version
import json

import _jsonnet

print("jsonnet", version("jsonnet"))
for each in ("1116766490855473153", "915204848634130497", "2131234567890123457", "8123456789012345"):
    source = (
        f"local id = {each}, text = '{each}', parsed = std.parseInt(text);"
        "{ number: id, s: '%s' % id, d: '%d' % id, x: std.parseHex('%x' % id), parseInt: parsed, parseIntD: '%d' % parsed }"
    )
    seen = json.loads(_jsonnet.evaluate_snippet("ids", source))
    double = int(float(each))
    print(each, "nearest double", double)
    for name, value in seen.items():
        print(f"  {name}: {value}, {int(value) - double:+d}")
PYTHON
venv/bin/python seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "jsonnet-formats-other-digits: this is not what was seen before" >&2; exit 1; }
jsonnet 0.22.0
1116766490855473153 nearest double 1116766490855473152
  d: 1116766490855473222, +70
  number: 1116766490855473152, +0
  parseInt: 1116766490855473280, +128
  parseIntD: 1116766490855473280, +128
  s: 1116766490855473152, +0
  x: 1116766490855473152, +0
915204848634130497 nearest double 915204848634130560
  d: 915204848634130660, +100
  number: 915204848634130560, +0
  parseInt: 915204848634130560, +0
  parseIntD: 915204848634130660, +100
  s: 915204848634130560, +0
  x: 915204848634130560, +0
2131234567890123457 nearest double 2131234567890123520
  d: 2131234567890123620, +100
  number: 2131234567890123520, +0
  parseInt: 2131234567890123520, +0
  parseIntD: 2131234567890123620, +100
  s: 2131234567890123520, +0
  x: 2131234567890123520, +0
8123456789012345 nearest double 8123456789012345
  d: 8123456789012345, +0
  number: 8123456789012345, +0
  parseInt: 8123456789012345, +0
  parseIntD: 8123456789012345, +0
  s: 8123456789012345, +0
  x: 8123456789012345, +0
EXPECTED
