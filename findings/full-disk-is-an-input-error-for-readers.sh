#!/usr/bin/env bash
# Package:  Debian 12's sqlite3 3.40.1.
# Expected: to read a database on a full disk needs no room. If something has to be written, the error is SQLITE_FULL, 13, as it is
#           for a write.
# Seen:     the first connection to a database in WAL mode makes its file of shared memory, 32 KiB, and fails with
#           SQLITE_IOERR_SHMSIZE, 4874, "disk I/O error", also for a SELECT. The number behind it, 28, ENOSPC, is in the log alone. A
#           connection that stood before reads on, and is told 13 when it writes.
# Matters:  a daemon that is restarted on a full disk cannot open its store, and the error reads like a broken disk.
# Source:   "Result and Error Codes", SQLITE_IOERR_SHMSIZE; "Write-Ahead Logging", 2.3 "Shared-memory".
set -euo pipefail

# A small disk, mounted where no other process sees it. Whoever is not root is root in a namespace of its own.
if [ -z "${FINDING_INSIDE:-}" ]; then
    options=(--mount)
    [ "$(id -u)" -eq 0 ] || options+=(--map-root-user)
    FINDING_INSIDE=1 exec unshare "${options[@]}" "$BASH" "$0"
fi

work=$(mktemp -d)
trap 'umount "$work/disk"; rm -rf "$work"' EXIT
mkdir "$work/disk"
mount -t tmpfs -o size=128k tmpfs "$work/disk"
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'sqlite3=3.40.1*' 'libsqlite3-0=3.40.1*' libreadline8
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libsqlite3.so.0):$(dirname root/lib/*/libreadline.so.8)
export LD_LIBRARY_PATH
sqlite() { root/usr/bin/sqlite3 -cmd ".log stdout" disk/ids.db 2>&1 | sed 's/os_unix.c:[0-9]*/os_unix.c/; s|/[^ ]*/disk/|disk/|' || true; }

{
    root/usr/bin/sqlite3 --version | cut -d' ' -f1
    sqlite <<<"pragma journal_mode=wal; create table workers(n); insert into workers values(7);"
    echo "a connection that stands before the disk is full:"
    sqlite <<'SQL'
select n from workers;
.shell cat /dev/zero >disk/rest 2>/dev/null; true
select n from workers;
insert into workers values(zeroblob(8192));
SQL
    cat /dev/zero >disk/more 2>/dev/null || true # The room that the first one gave back.
    echo "one that comes after:"
    sqlite <<<"select n from workers;"
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "full-disk-is-an-input-error-for-readers: this is not what was seen before" >&2; exit 1; }
3.40.1
wal
a connection that stands before the disk is full:
7
7
Runtime error near line 4: database or disk is full (13)
one that comes after:
(4874) os_unix.c: (28) write(disk/ids.db-shm) - 
(4874) disk I/O error in "select n from workers;"
Parse error near line 1: disk I/O error (10)
(4874) os_unix.c: (28) write(disk/ids.db-shm) - 
EXPECTED
