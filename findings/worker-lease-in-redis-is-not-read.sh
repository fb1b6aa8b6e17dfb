#!/usr/bin/env bash
# Packages: PyPI snowflake-id-generator 2.0.0 with redis 5.0.8, against Debian 12's redis-server 7.0.15.
# Expected: the package's Register gives each process a worker number of its own: it marks the number in Redis with "Y", for 15 s
#           and renewed, and passes over numbers that are marked.
# Seen:     redis-py returns bytes, and b"Y" is never equal to "Y". Every number looks free. Once the counter has gone round, a
#           second process gets the number of a first that lives and renews its mark.
# Matters:  two processes with one worker number give out the same IDs. It stays hidden until as many have registered, restarts
#           included, as there are numbers (100 by default).
# Source:   id_generator/idregister.py, is_available.
set -euo pipefail

work=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server"; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'redis-server=5:7.0.15*' 'redis-tools=5:7.0.15*' liblzf1 libjemalloc2 liblua5.1-0 lua-cjson lua-bitop
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/liblzf.so.1)
export LD_LIBRARY_PATH
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check snowflake-id-generator==2.0.0 redis==5.0.8

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
root/usr/bin/redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$work" >log &
server=$!
for _ in $(seq 50); do if root/usr/bin/redis-cli -p "$port" ping >/dev/null 2>&1; then break; fi; sleep 0.1; done

root/usr/bin/redis-server --version | grep -o 'v=[0-9.]*' >seen
venv/bin/python - "$port" >>seen <<'PYTHON'
import os
import sys
from importlib.metadata import version

from id_generator.idregister import Register

print("snowflake-id-generator", version("snowflake-id-generator"), "redis", version("redis"))
processes = [Register("127.0.0.1", int(sys.argv[1]), max_worker_id=2) for _ in range(4)]
for number, each in enumerate(processes, 1):
    worker = each.get_worker_id()
    marks = sorted(each.redis_impl.keys("IdGen:WorkerId:Value:?"))
    print(f"process {number} of 4 has worker {worker}; marked are {', '.join(key.decode()[-1] for key in marks)}")
sys.stdout.flush()
os._exit(0)  # Its threads sleep 5 s each before they look whether they should end.
PYTHON

cat seen
diff - seen <<'EXPECTED' || { echo "worker-lease-in-redis-is-not-read: this is not what was seen before" >&2; exit 1; }
v=7.0.15
snowflake-id-generator 2.0.0 redis 5.0.8
process 1 of 4 has worker 1; marked are 1
process 2 of 4 has worker 2; marked are 1, 2
process 3 of 4 has worker 0; marked are 0, 1, 2
process 4 of 4 has worker 1; marked are 0, 1, 2
EXPECTED
