#!/usr/bin/env bash
# Packages: PyPI sonyflake-py 1.3.0 and short-unique-id 0.3.0; PyPI sonyflake 2.0.3 refuses in their place.
# Expected: the default machine ID, the low 16 bits of the private address, differs from host to host in one network.
# Seen:     both ask for the address of the host's own name. Debian's installer writes that name to /etc/hosts with 127.0.1.1 where
#           there is no fixed address, so on every such host the machine ID is 257. sonyflake-py's check_machine_id is not asked
#           for by default. sonyflake 2.0.3 skips loopback addresses and raises NoPrivateAddress.
# Matters:  all of a fleet's hosts give out the same IDs, as pods do whose machine ID is 0.
# Source:   sonyflake/sonyflake.py, lower_16bit_private_ip; short_unique_id/snowflake.py, get_machine_id; Debian Reference, 5.1.1
#           "The hostname resolution".
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
install() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$work/$1" "$1==$2"; }
install sonyflake-py 1.3.0
install short-unique-id 0.3.0
install sonyflake 2.0.3
"$work/venv/bin/pip" install --quiet --disable-pip-version-check aiologic==0.16.0

cat >"$work/ids.py" <<'PYTHON'
import datetime
import socket
import sys
from importlib.metadata import version

# What glibc answers on a host that Debian's installer named, whatever this one is called.
socket.gethostname = lambda: "host-17"
socket.getfqdn = lambda: "host-17.example.org"
socket.gethostbyname = lambda name: "127.0.1.1"
socket.gethostbyname_ex = lambda name: ("host-17.example.org", ["host-17"], ["127.0.1.1"])

name = sys.argv[1]
print(name, version(name), end=": ")
if name == "sonyflake-py":
    from sonyflake import SonyFlake

    print("machine ID", SonyFlake().machine_id)
elif name == "short-unique-id":
    from short_unique_id.snowflake import get_machine_id

    print("machine ID", get_machine_id())
else:
    import sonyflake

    try:
        sonyflake.Sonyflake(start_time=datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC))
    except Exception as error:
        print(type(error).__name__, error)
PYTHON
for name in sonyflake-py short-unique-id sonyflake; do
    PYTHONPATH="$work/$name" "$work/venv/bin/python" "$work/ids.py" "$name"
done >"$work/seen"

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "same-machine-id-on-every-debian: this is not what was seen before" >&2; exit 1; }
sonyflake-py 1.3.0: machine ID 257
short-unique-id 0.3.0: machine ID 257
sonyflake 2.0.3: NoPrivateAddress failed to determine private IPv4 address.
EXPECTED
