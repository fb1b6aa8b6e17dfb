#!/usr/bin/env bash
# Package:  Debian 12's etcd-server and etcd-client 3.4.23.
# Expected: a transaction that compares a key's mod_revision succeeds only when the key is as its reader saw it.
# Seen:     a cluster that was restored from a snapshot counts on from the snapshot's revision. It gives the revisions that came after
#           the snapshot out again, to other writes. A holder that read the key before the restore compares the same number, and
#           writes over what somebody else has written since.
# Matters:  a worker number or a leader's place that is fenced by mod_revision alone has two holders, who give out the same IDs.
# Source:   etcd's documentation, "Disaster recovery", "Restoring with revision bump", which came with later versions.
set -euo pipefail

work=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server"; wait; rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'etcd-server=3.4.23*' 'etcd-client=3.4.23*'
for package in *.deb; do dpkg -x "$package" root; done
export ETCDCTL_API=3

read -r client peer < <(python3 -c '
import socket
sockets = [socket.socket(), socket.socket()]
for each in sockets: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in sockets))')
etcdctl() { root/usr/bin/etcdctl --endpoints "http://127.0.0.1:$client" "$@"; }
start() {
    root/usr/bin/etcd --name one --data-dir "$1" --listen-client-urls "http://127.0.0.1:$client" --advertise-client-urls "http://127.0.0.1:$client" \
        --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
        --initial-cluster "one=http://127.0.0.1:$peer" >log 2>&1 &
    server=$!
    for _ in $(seq 100); do if etcdctl endpoint health >/dev/null 2>&1; then return; fi; sleep 0.1; done
    echo "restored-etcd-repeats-revisions: etcd does not answer" >&2
    exit 1
}
stop() {
    kill "$server"
    wait "$server" || true
    server=
}
revision() { etcdctl get "$1" -w json | grep -o '"mod_revision":[0-9]*'; }

{
    root/usr/bin/etcd --version | sed -n 1p
    start before
    etcdctl put worker/7 nobody >/dev/null
    etcdctl snapshot save snapshot >/dev/null 2>&1
    etcdctl put worker/7 A >/dev/null
    echo "A holds worker 7: $(revision worker/7)"
    stop
    etcdctl snapshot restore snapshot --data-dir after --name one --initial-cluster "one=http://127.0.0.1:$peer" \
        --initial-advertise-peer-urls "http://127.0.0.1:$peer" >/dev/null 2>&1
    start after
    etcdctl put worker/7 B >/dev/null
    echo "restored; B holds worker 7: $(revision worker/7)"
    answer=$(printf 'mod("worker/7") = "3"\n\nput worker/7 A\n\n\n' | etcdctl txn)
    echo "A extends what it had, if mod_revision is 3: ${answer%%$'\n'*}"
    echo "worker 7 is held by $(etcdctl get worker/7 --print-value-only)"
    stop
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "restored-etcd-repeats-revisions: this is not what was seen before" >&2; exit 1; }
etcd Version: 3.4.23
A holds worker 7: "mod_revision":3
restored; B holds worker 7: "mod_revision":3
A extends what it had, if mod_revision is 3: SUCCESS
worker 7 is held by A
EXPECTED
