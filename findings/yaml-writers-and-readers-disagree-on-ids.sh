#!/usr/bin/env bash
# Packages: PyPI PyYAML 6.0.3 and ruamel.yaml 0.18.16.
# Expected: text that one package wrote as YAML is text when the other reads it.
# Seen:     PyYAML quotes what YAML 1.1 would read as a number. YAML 1.2, which ruamel.yaml reads, has more of those: a float needs no
#           point in it, and a decimal number may begin with 0. IDs of both kinds go out without quotes, and come back as inf and as
#           an integer. Written by hand, digits from 0 to 7 after a leading 0 are octal in the one and decimal in the other.
# Matters:  a 64-bit number in hexadecimal consists of digits but for one e within once in 1,300. Twitter's layout has 1e in front
#           from 2027-03-05 to 2027-09-20, and one ID in 720 is digits from there on, or one in 180 where its last three are 0, as at
#           low rates. A list of IDs is read well for hundreds of lines, and then one is inf. Quote IDs in YAML, or send them as JSON
#           strings.
# Source:   YAML 1.1, "Float" and "Integer" of its type repository; YAML 1.2.2, 10.2 "JSON Schema" and 10.3 "Core Schema".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check PyYAML==6.0.3 ruamel.yaml==0.18.16

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from importlib.metadata import version

import yaml
from ruamel.yaml import YAML

print("PyYAML", version("PyYAML"), "ruamel.yaml", version("ruamel.yaml"))
reader = YAML(typ="safe")
for form, text in (("hex", "1e12345678901234"), ("base32-fixed", "01234567890E2"), ("decimal-fixed", "02126632240690500159"),
                   ("hex-fixed", "0123456701234567")):
    written = yaml.safe_dump({"id": text}).strip()
    print(f"{form} {text}: PyYAML writes «{written}», ruamel.yaml reads {reader.load(written)['id']!r};",
          f"of id: {text} PyYAML makes {yaml.safe_load(f'id: {text}')['id']!r}, ruamel.yaml {reader.load(f'id: {text}')['id']!r}")
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "yaml-writers-and-readers-disagree-on-ids: this is not what was seen before" >&2; exit 1; }
PyYAML 6.0.3 ruamel.yaml 0.18.16
hex 1e12345678901234: PyYAML writes «id: 1e12345678901234», ruamel.yaml reads inf; of id: 1e12345678901234 PyYAML makes '1e12345678901234', ruamel.yaml inf
base32-fixed 01234567890E2: PyYAML writes «id: 01234567890E2», ruamel.yaml reads 123456789000.0; of id: 01234567890E2 PyYAML makes '01234567890E2', ruamel.yaml 123456789000.0
decimal-fixed 02126632240690500159: PyYAML writes «id: 02126632240690500159», ruamel.yaml reads 2126632240690500159; of id: 02126632240690500159 PyYAML makes '02126632240690500159', ruamel.yaml 2126632240690500159
hex-fixed 0123456701234567: PyYAML writes «id: '0123456701234567'», ruamel.yaml reads '0123456701234567'; of id: 0123456701234567 PyYAML makes 5744368105847, ruamel.yaml 123456701234567
EXPECTED
