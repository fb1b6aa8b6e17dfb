#!/usr/bin/env bash
# Packages: Debian 12's jq 1.6, mawk 1.3.4 and datamash 1.7; PyPI csvkit 2.2.0, XlsxWriter 3.2.9, openpyxl 3.1.5 and protobuf 6.33.1.
# Expected: an ID passes through a tool that is not asked to compute with it.
# Seen:     each makes a double of it. jq's identity filter and csvjson print another number. A worksheet has another number in it,
#           also from openpyxl, which was given an int of Python's. google.protobuf.Struct, for JSON inside messages, is made of
#           doubles. mawk and datamash show 6 and 14 digits, so they lose IDs of the layout safe53 as well, which all others keep:
#           mawk's sums have one key for two IDs.
# Matters:  IDs that differ in worker and sequence are one behind the tool. A number of 64 bits in JSON or CSV lasts only as long as
#           nothing of this kind stands in between: give out strings.
# Source:   each tool's output; struct.proto, "number_value".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'jq=1.6*' 'libjq1=1.6*' libonig5 'mawk=1.3.4*' 'datamash=1.7*'
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check csvkit==2.2.0 agate==1.14.0 XlsxWriter==3.2.9 openpyxl==3.1.5 protobuf==6.33.1
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libjq.so.1)
export LD_LIBRARY_PATH

cat >others.py <<'PYTHON'
import sys
from importlib.metadata import version

import openpyxl
import xlsxwriter
from google.protobuf import json_format, struct_pb2

ids = [int(each) for each in sys.argv[1:]]
book = xlsxwriter.Workbook("x.xlsx")
book.add_worksheet().write_column(0, 0, ids)
book.close()
other = openpyxl.Workbook()
for each in ids:
    other.active.append([each])
other.save("o.xlsx")
for name, file in (("XlsxWriter", "x.xlsx"), ("openpyxl", "o.xlsx")):
    cells = openpyxl.load_workbook(file).active["A"]
    print(f"{name} {version(name)}:", *(cell.value for cell in cells))
struct = struct_pb2.Struct()
struct.update({"ids": ids})
print(f"protobuf {version('protobuf')}, Struct:", *json_format.MessageToDict(struct)["ids"])
PYTHON

{
    for ids in "1116766490855473153 1116766490855473154" "8123456789012345 8123456789012346"; do
        echo "$ids"
        read -ra each <<<"$ids"
        printf '%s\n' "${each[@]}" >column
        echo "  $(root/usr/bin/jq --version): $(root/usr/bin/jq . column | xargs)"
        echo "  mawk 1.3.4, sums by key: $(root/usr/bin/mawk '{ sum[$1 + 0]++ } END { for (key in sum) print key " " sum[key] }' column | sort | xargs)"
        echo "  datamash 1.7, max: $(root/usr/bin/datamash max 1 <column)"
        echo "  csvkit 2.2.0, csvjson: $({ echo id,n; sed 's/$/,1/' column; } | venv/bin/csvjson 2>/dev/null | grep -o '"id": [^,]*' | cut -d' ' -f2 | xargs)"
        venv/bin/python others.py "${each[@]}" | sed 's/^/  /'
    done
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "tools-in-between-count-in-doubles: this is not what was seen before" >&2; exit 1; }
1116766490855473153 1116766490855473154
  jq-1.6: 1116766490855473200 1116766490855473200
  mawk 1.3.4, sums by key: 1.11677e+18 2
  datamash 1.7, max: 1.1167664908555e+18
  csvkit 2.2.0, csvjson: 1.1167664908554732e+18 1.1167664908554732e+18
  XlsxWriter 3.2.9: 1.116766490855473e+18 1.116766490855473e+18
  openpyxl 3.1.5: 1.116766490855473e+18 1.116766490855473e+18
  protobuf 6.33.1, Struct: 1.1167664908554732e+18 1.1167664908554732e+18
8123456789012345 8123456789012346
  jq-1.6: 8123456789012345 8123456789012346
  mawk 1.3.4, sums by key: 8.12346e+15 2
  datamash 1.7, max: 8.1234567890123e+15
  csvkit 2.2.0, csvjson: 8123456789012345.0 8123456789012346.0
  XlsxWriter 3.2.9: 8123456789012345 8123456789012346
  openpyxl 3.1.5: 8123456789012345 8123456789012346
  protobuf 6.33.1, Struct: 8123456789012345.0 8123456789012346.0
EXPECTED
