#!/usr/bin/env bash
# Package:  Debian 12's systemd 252, systemd-socket-activate.
# Expected: --fdname gives a socket its name, as FileDescriptorName= of one socket unit does. A socket without one has the name
#           "unknown", or its unit's.
# Seen:     one --fdname is the name of all sockets. With fewer names than sockets, but more than one, it warns and hands over a list
#           that is too short: the third socket has no name. Without --fdname LISTEN_FDNAMES is not set at all.
# Matters:  a daemon that tells its sockets apart by name, one for IDs and one for HTTP, is tested wrongly with one --fdname: it gets
#           two for HTTP. Give as many names as sockets.
# Source:   systemd-socket-activate(1), --fdname=; sd_listen_fds_with_names(3).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'systemd=252.*' 'libsystemd-shared=252.*'
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/systemd/libsystemd-shared-252.so)
export LD_LIBRARY_PATH

cat >names <<'PROGRAM'
#!/bin/sh
echo "LISTEN_FDS=$LISTEN_FDS LISTEN_FDNAMES=${LISTEN_FDNAMES-(not set)}"
PROGRAM
chmod +x names

# What a program sees that is activated with the given options, once somebody has connected to the first socket.
activated() {
    timeout 20 root/usr/bin/systemd-socket-activate "$@" "$PWD/names" 2>>log &
    for _ in $(seq 100); do
        if python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("1")' 2>/dev/null; then break; fi
        sleep 0.1
    done
    wait $!
    rm -f 1 2 3
}

{
    root/usr/bin/systemd-socket-activate --version | sed -n 's/\(systemd [0-9]*\).*/\1/p'
    for options in "" "--fdname=firn" "--fdname=firn --fdname=http" "--fdname=firn:http"; do
        read -ra words <<<"$options"
        echo "two sockets, ${options:-no --fdname}: $(activated -l "$PWD/1" -l "$PWD/2" "${words[@]}")"
    done
    echo "three sockets, --fdname=firn:http: $(activated -l "$PWD/1" -l "$PWD/2" -l "$PWD/3" --fdname=firn:http)"
    grep -o 'The number of fd names.*' log
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "one-name-for-all-activated-sockets: this is not what was seen before" >&2; exit 1; }
systemd 252
two sockets, no --fdname: LISTEN_FDS=2 LISTEN_FDNAMES=(not set)
two sockets, --fdname=firn: LISTEN_FDS=2 LISTEN_FDNAMES=firn:firn
two sockets, --fdname=firn --fdname=http: LISTEN_FDS=2 LISTEN_FDNAMES=firn:http
two sockets, --fdname=firn:http: LISTEN_FDS=2 LISTEN_FDNAMES=firn:http
three sockets, --fdname=firn:http: LISTEN_FDS=3 LISTEN_FDNAMES=firn:http
The number of fd names is different than number of fds: 2 vs 3
EXPECTED
