#!/usr/bin/env bash
# Package:  Debian 12's etcd-server and etcd-client 3.4.23.
# Expected: a write that finds no quorum ends with one gRPC code, UNAVAILABLE, which clients try again.
# Seen:     that holds while the leader that lost its followers still takes itself for one, for about an election timeout. From then on
#           Put and Txn end with UNKNOWN, "context deadline exceeded", though the caller's own deadline is far away. Reads keep
#           UNAVAILABLE. Each takes 7 s.
# Matters:  a client that tries again on UNAVAILABLE alone, as gRPC's retry policies are written, gives up a second after the quorum is
#           lost. Whoever takes UNKNOWN for a failure of the store itself stops instead of waiting.
# Source:   the server's answers, by its own gateway of gRPC to JSON; google.rpc.Code 2 and 14.
set -euo pipefail

work=$(mktemp -d)
members=()
trap 'for each in "${members[@]}"; do kill "$each" 2>/dev/null || true; done; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'etcd-server=3.4.23*' 'etcd-client=3.4.23*'
for package in *.deb; do dpkg -x "$package" root; done
export ETCDCTL_API=3

read -ra ports < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(4)]
for each in sockets: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in sockets))')
for member in 0 1; do
    client=http://127.0.0.1:${ports[member]} peer=http://127.0.0.1:${ports[member + 2]}
    root/usr/bin/etcd --name "member$member" --data-dir "data$member" --listen-client-urls "$client" --advertise-client-urls "$client" \
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
        --initial-cluster "member0=http://127.0.0.1:${ports[2]},member1=http://127.0.0.1:${ports[3]}" >"log$member" 2>&1 &
    members+=($!)
done
leads() { root/usr/bin/etcdctl --endpoints "http://127.0.0.1:${ports[$1]}" endpoint status -w simple 2>/dev/null | grep -q ', true, false'; }
leader=
for _ in $(seq 100); do
    if leads 0; then leader=0; elif leads 1; then leader=1; fi
    [ -z "$leader" ] || break
    sleep 0.1
done
[ -n "$leader" ] || { echo "etcd-without-quorum-has-two-codes: the two members elect no leader" >&2; exit 1; }

cat >ask.py <<'PYTHON'
import base64
import json
import sys
import threading
import urllib.error
import urllib.request

key = base64.b64encode(b"worker/7").decode()
put = {"key": key, "value": key}
txn = {"compare": [{"key": key, "target": "MOD", "mod_revision": "0"}], "success": [{"request_put": put}]}
answers = {}


def ask(name, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/v3/kv/{path}", json.dumps(body).encode())
    try:
        answers[name] = urllib.request.urlopen(request, timeout=60).read().decode()
    except urllib.error.HTTPError as error:
        reply = json.load(error)
        answers[name] = f"code {reply['code']}, {reply['message']}"


threads = [threading.Thread(target=ask, args=each) for each in (("Put", "put", put), ("Txn", "txn", txn), ("Range", "range", {"key": key}))]
for each in threads:
    each.start()
for each in threads:
    each.join()
for name in ("Put", "Txn", "Range"):
    print(f"  {name}: {answers[name]}")
PYTHON

{
    root/usr/bin/etcd --version | sed -n 1p
    kill -KILL "${members[1 - leader]}"
    python3 ask.py "${ports[leader]}" >at-once &
    first=$!
    sleep 4
    python3 ask.py "${ports[leader]}" >later
    wait "$first"
    echo "asked as the other member was killed:"
    cat at-once
    echo "asked 4 s later:"
    cat later
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "etcd-without-quorum-has-two-codes: this is not what was seen before" >&2; exit 1; }
etcd Version: 3.4.23
asked as the other member was killed:
  Put: code 14, etcdserver: request timed out
  Txn: code 14, etcdserver: request timed out
  Range: code 14, etcdserver: request timed out
asked 4 s later:
  Put: code 2, context deadline exceeded
  Txn: code 2, context deadline exceeded
  Range: code 14, etcdserver: request timed out
EXPECTED
