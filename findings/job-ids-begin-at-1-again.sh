#!/usr/bin/env bash
# Package:  Debian 12's beanstalkd 1.12.
# Expected: with a binlog (-b), which is there so that jobs outlive a restart, an ID is not given to a second job. The protocol says
#           that it belongs to one job of a server.
# Seen:     the highest ID is known from the records of jobs in the binlog alone, and files whose jobs are all done are removed. A first
#           restart with an empty queue still goes on behind the last ID, a second one begins at 1.
# Matters:  a producer that noted an ID and deletes the job later deletes somebody else's. A table that has the IDs as its key refuses
#           new jobs, or overwrites old ones. It shows only after two quiet restarts.
# Source:   protocol.txt, "reserve"; walg.c, walgc and walread; job.c, make_job_with_id.
set -euo pipefail

work=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server" 2>/dev/null; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'beanstalkd=1.12*'
dpkg -x beanstalkd_*.deb root
mkdir log

cat >ask.py <<'PYTHON'
import socket
import sys

connection = socket.socket(socket.AF_UNIX)
connection.connect("socket")
lines = connection.makefile("rwb")
for command in sys.argv[1:]:
    lines.write(command.encode() + b"\r\n" + (b"x\r\n" if command.startswith("put") else b""))
    lines.flush()
    print(f"  {command}: {lines.readline().decode().strip()}")
PYTHON
start() {
    rm -f socket
    root/usr/bin/beanstalkd -l "unix:$work/socket" -b log -f 0 &
    server=$!
    for _ in $(seq 50); do if python3 ask.py stats 2>/dev/null | grep -q OK; then break; fi; sleep 0.1; done
    echo "start $1, files of the binlog: $(find log -name 'binlog.*' | wc -l)"
}
stop() { kill "$server"; wait "$server" || true; server=; }

# In a job: priority, delay, time to run and length.
{
    root/usr/bin/beanstalkd -v
    start 1
    python3 ask.py "put 0 0 60 1" "put 0 0 60 1" "put 0 0 60 1" "delete 1" "delete 2"
    stop
    start 2
    python3 ask.py "delete 3" "put 0 0 60 1" "delete 4"
    stop
    start 3
    stop
    start 4
    python3 ask.py "put 0 0 60 1" "put 0 0 60 1"
    stop
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "job-ids-begin-at-1-again: this is not what was seen before" >&2; exit 1; }
beanstalkd 1.12
start 1, files of the binlog: 1
  put 0 0 60 1: INSERTED 1
  put 0 0 60 1: INSERTED 2
  put 0 0 60 1: INSERTED 3
  delete 1: DELETED
  delete 2: DELETED
start 2, files of the binlog: 2
  delete 3: DELETED
  put 0 0 60 1: INSERTED 4
  delete 4: DELETED
start 3, files of the binlog: 1
start 4, files of the binlog: 1
  put 0 0 60 1: INSERTED 1
  put 0 0 60 1: INSERTED 2
EXPECTED
