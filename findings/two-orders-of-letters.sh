#!/usr/bin/env bash
# Packages: PyPI pybase62 1.0.0 beside resource-id 1.6.0, and base58 2.1.1 beside base58-encoded 0.1.
# Expected: the base62 or base58 text of an ID is the same number to every package for that base.
# Seen:     there are two orders of letters. pybase62 has upper case before lower case, as KSUID, GMP and CosId have; resource-id has
#           lower case first, as Go's math/big and base62-py have. base58 has Bitcoin's order, upper case first; base58-encoded has
#           Flickr's, lower case first, as bwmarrin/snowflake's Base58 has. Each reads each other's texts as other numbers, without an
#           error: only texts without letters are the same number in both.
# Matters:  a link leads to another row or to none. The other number's time may be plausible: in base58 it is here a year earlier.
# Source:   base62.py, CHARSET_DEFAULT and CHARSET_INVERTED; resource_id/resource_id.py, ALPHABET; base58/__init__.py,
#           BITCOIN_ALPHABET; base58_encoded/__init__.py, alphabet. No standard names an order for either base.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pybase62==1.0.0 resource-id==1.6.0 base58==2.1.1 base58-encoded==0.1

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import base58
import base58_encoded
import base62
from resource_id.resource_id import b62decode, b62encode

number = 2126632240690500159  # snowflake's layout, 2026-11-28


def shown(name, value):
    epoch = datetime(2010, 11, 4, 1, 42, 54, 657000, timezone.utc)
    time = epoch + timedelta(milliseconds=value >> 22)
    return f"  {name} {version(name)}: {value}, {time:%Y-%m-%d}"


print(f"{number} is {base62.encode(number)} to pybase62, {b62encode(number)} to resource-id")
for text in (base62.encode(number), b62encode(number)):
    print("base62", text)
    print(shown("pybase62", base62.decode(text)))
    print(shown("resource-id", b62decode(text)))
print(f"{number} is {base58.b58encode_int(number).decode()} to base58")
for text in (base58.b58encode_int(number).decode(), "5Wj8yQ8QrH2"):
    print("base58", text)
    print(shown("base58", base58.b58decode_int(text)))
    print(shown("base58-encoded", base58_encoded.decode(text)))
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "two-orders-of-letters: this is not what was seen before" >&2; exit 1; }
2126632240690500159 is 2X5ztAnfVjL to pybase62, 2x5ZTaNFvJl to resource-id
base62 2X5ztAnfVjL
  pybase62 1.0.0: 2126632240690500159, 2026-11-28
  resource-id 1.6.0: 2478503475536636645, 2029-07-26
base62 2x5ZTaNFvJl
  pybase62 1.0.0: 2478503475536636645, 2029-07-26
  resource-id 1.6.0: 2126632240690500159, 2026-11-28
2126632240690500159 is 5wK8Zq8qSi2 to base58
base58 5wK8Zq8qSi2
  base58 2.1.1: 2126632240690500159, 2026-11-28
  base58-encoded 0.1: 1951570943942123475, 2025-08-02
base58 5Wj8yQ8QrH2
  base58 2.1.1: 1944015183395512685, 2025-07-12
  base58-encoded 0.1: 2126632240690500159, 2026-11-28
EXPECTED
