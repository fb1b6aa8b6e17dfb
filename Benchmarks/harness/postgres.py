"""PostgreSQL's nextval, measured with its own pgbench: a separate server in its own folder, on a Unix socket."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from bench import CONNECTIONS, Bench
from build import require
from histogram import percentiles
from processes import Server, as_account, on_cpu

PACKAGE = "postgresql"
#: initdb refuses to run as root; Debian's package creates this account.
ACCOUNT = "postgres"
#: pgbench counts whole seconds, and these include the time to connect.
SHORTEST_SECONDS = 2
SCRIPT = "SELECT nextval('firn_benchmark');\n"


class PostgreSQL(Server):
    # On SIGTERM it would wait for its clients.
    stop_signal = signal.SIGINT


def find_postgres() -> Path:
    """The folder of the newest version's programs, which Debian does not put on the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not folders:
        sys.exit(f"run: PostgreSQL is not installed: apt-get install {PACKAGE}")
    require("pgbench", PACKAGE)
    return folders[-1].parent


@contextmanager
def postgres(bench: Bench, programs: Path):
    """A server with one sequence and initdb's defaults: it syncs its log."""
    account = ACCOUNT if os.geteuid() == 0 else None
    folder = tempfile.mkdtemp(prefix="firn-benchmark-postgres-")
    try:
        if account is not None:
            shutil.chown(folder, account, account)
        data = f"{folder}/data"
        command = [str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "firn", "--no-locale", "-E", "UTF8"]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, **as_account(account))
        if result.returncode != 0:
            sys.exit(f"run: initdb failed:\n{result.stdout}")
        command = [str(programs / "postgres"), "-D", data, "-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
        address = f"unix:{folder}/.s.PGSQL.5432"
        with PostgreSQL("postgres", "postgres", address, command, f"{bench.folder}/postgres.log", bench.server_cpu, account) as server:
            _make_sequence(programs, folder)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_sequence(programs: Path, folder: str):
    command = [str(programs / "psql"), "-h", folder, "-U", "firn", "-d", "postgres", "-q"]
    # The server accepts connections a moment before it serves them.
    for _ in range(100):
        result = subprocess.run([*command, "-c", "CREATE SEQUENCE IF NOT EXISTS firn_benchmark"], capture_output=True, text=True)
        if result.returncode == 0:
            return
        if "starting up" not in result.stderr:
            break
    sys.exit(f"run: PostgreSQL made no sequence:\n{result.stderr}")


def nextval(bench: Bench, server: Server, rate: float | None = None) -> tuple[dict[str, float], Counter[int]]:
    """One measurement of 16 clients that call nextval; with a rate, calls are due at random times with that mean."""
    script, prefix = Path(f"{bench.folder}/nextval.sql"), f"{bench.folder}/pgbench"
    script.write_text(SCRIPT)
    seconds = max(SHORTEST_SECONDS, round(bench.seconds))
    command = ["pgbench", "-h", str(Path(server.path).parent), "-U", "firn", "-n", "-M", "prepared", "-f", str(script)]
    command += ["-c", str(CONNECTIONS), "-j", "1", "-T", str(seconds), "--log", "--log-prefix", prefix]
    command += [] if rate is None else ["-R", f"{rate:.0f}"]
    before = server.cpu_seconds()
    result = subprocess.run([*command, "postgres"], stdout=subprocess.PIPE, text=True, preexec_fn=on_cpu(bench.load_cpu))
    used = server.cpu_seconds() - before
    logs = list(Path(bench.folder).glob("pgbench.*"))
    rate_without_connecting = re.search(r"tps = ([0-9.]+)", result.stdout)
    if result.returncode != 0 or not logs or rate_without_connecting is None:
        sys.exit("run: measuring PostgreSQL failed; what pgbench said is above")
    # client, transaction, microseconds since it was due, …
    latencies = Counter(1000 * int(line.split()[2]) for log in logs for line in log.read_text().splitlines())
    for log in logs:
        log.unlink()
    calls = latencies.total()
    if calls == 0:
        sys.exit(f"run: PostgreSQL answered no call in {seconds} s; is the machine too busy to start its processes?")
    reached = percentiles(latencies)
    return {
        "calls_per_second": float(rate_without_connecting[1]),
        "server_cpu_us_per_call": 1e6 * used / calls,
        "p50_us": reached["p50"],
        "p99_us": reached["p99"],
    }, latencies
