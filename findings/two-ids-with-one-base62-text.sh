#!/usr/bin/env bash
# Packages: PyPI base62-py 1.4.2 with py-utls 0.3.2, and base58-encoded 0.1.
# Expected: each ID has a text of its own, which decodes to it.
# Seen:     both encoders divide by "/", which makes a double. base62-py takes the floor of that double, from py-utls, and the exact
#           remainder. For an ID of 60 bits the quotient is often one off, and the text is that of the ID 62 further on or back: the
#           4,096 IDs of one tick have 2,108 texts. base58-encoded computes the remainder from the double: half of the IDs are an
#           IndexError, and a quarter have the text of the ID 58 further on. Both are right for all IDs of the layout safe53, which
#           have 53 bits. base62-py decodes with doubles too: the correct texts of the largest numbers of 64 bits are read as others.
# Matters:  a URL leads to another row, and a unique column of texts refuses an ID that is new.
# Source:   pyutls' euclidean_division and base62/encoder.py; base58_encoded/__init__.py. base62-py's README asserts that an
#           encoded value decodes to itself. Neither names a largest number.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check base62-py==1.4.2 py-utls==0.3.2 base58-encoded==0.1

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from importlib.metadata import version

import base58_encoded
import base62


def exactly(number, alphabet):
    text = ""
    while number:
        number, digit = divmod(number, len(alphabet))
        text = alphabet[digit] + text
    return text


snowflakes = [(266257879938 << 22) + each for each in range(4096)]
safe53 = [(2000000000000 << 12) + each for each in range(4096)]
for name, package, alphabet in (("base62-py", base62, base62.CHARSET), ("base58-encoded", base58_encoded, base58_encoded.alphabet)):
    print(name, version(name))
    for layout, ids in (("snowflake", snowflakes), ("safe53", safe53)):
        texts, errors = {}, 0
        for each in ids:
            try:
                texts[each] = package.encode(each)
            except IndexError:
                errors += 1
        off = {package.decode(text) - each for each, text in texts.items()}
        wrong = sum(text != exactly(each, alphabet) for each, text in texts.items())
        print(f"  4,096 IDs of {layout}: {errors} are an IndexError, {wrong} have a wrong text; {len(set(texts.values()))} texts; off by {sorted(off)}")
    decoded = sum(package.decode(exactly(each, alphabet)) != each for each in range(2**64 - 4096, 2**64))
    print(f"  of the last 4,096 numbers of 64 bits, {decoded} correct texts are decoded to others")
first = snowflakes[0]
for each in (first, first + 62):
    print(f"base62-py: {each} is {base62.encode(each)}, which is {base62.decode(base62.encode(each))}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "two-ids-with-one-base62-text: this is not what was seen before" >&2; exit 1; }
base62-py 1.4.2
  4,096 IDs of snowflake: 0 are an IndexError, 2050 have a wrong text; 2108 texts; off by [-62, 0, 62]
  4,096 IDs of safe53: 0 are an IndexError, 0 have a wrong text; 4096 texts; off by [0]
  of the last 4,096 numbers of 64 bits, 4096 correct texts are decoded to others
base58-encoded 0.1
  4,096 IDs of snowflake: 2008 are an IndexError, 1044 have a wrong text; 1044 texts; off by [0, 58]
  4,096 IDs of safe53: 0 are an IndexError, 0 have a wrong text; 4096 texts; off by [0]
  of the last 4,096 numbers of 64 bits, 0 correct texts are decoded to others
base62-py: 1116766490855473152 is 1kuNKkHEQuW, which is 1116766490855473214
base62-py: 1116766490855473214 is 1kuNKkHEQuW, which is 1116766490855473214
EXPECTED
