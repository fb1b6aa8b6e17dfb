"""The servers under test as child processes, and what the kernel reports about them."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

START_PATIENCE = 10.0
CONNECT_PATIENCE = 5.0
STOP_PATIENCE = 10.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def on_cpu(cpu: int | None):
    """A function that pins a child to one CPU before exec; nothing if that is None."""
    return None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})


def as_account(account: str | None) -> dict[str, object]:
    """Popen's arguments to run a child as that user; none if that is None."""
    return {} if account is None else {"user": account, "group": account, "extra_groups": []}


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of its children that ended; 0 if it no longer exists."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15])) / TICKS_PER_SECOND  # utime, stime, and the same of children


def free_ports(count: int) -> list[int]:
    """Different free ports of the loopback address, chosen by the kernel."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def free_port() -> int:
    return free_ports(1)[0]


class Server:
    """A started server. Use with `with`: it is stopped by its own process ID at the end.

    `address` is unix:PATH or tcp:ADDRESS:PORT. `account` is the user that it runs as, if that is not the current one.
    """

    #: The signal that makes it stop at once.
    stop_signal = signal.SIGTERM

    def __init__(
        self, name: str, protocol: str, address: str, command: list[str], log: str, cpu: int | None = None, account: str | None = None
    ):
        self.name, self.protocol, self.address = name, protocol, address
        self.log = Path(log)
        with open(self.log, "wb") as words:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, preexec_fn=on_cpu(cpu), **as_account(account)
            )
        try:
            self._await_socket()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def path(self) -> str:
        return self.address.removeprefix("unix:")

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def connect(self) -> socket.socket:
        """A connection; an OSError if there is none."""
        if self.address.startswith("tcp:"):
            return socket.create_connection(("127.0.0.1", self.port), CONNECT_PATIENCE)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(CONNECT_PATIENCE)
        try:
            connection.connect(self.path)
        except OSError:
            connection.close()
            raise
        return connection

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            words = f"did not stop within {STOP_PATIENCE:.0f} s of {self.stop_signal.name} and was killed"
            print(f"run: {self.name} {words}", file=sys.stderr)
            self.process.kill()
            self.process.wait()

    def kibibytes(self, field: str) -> int:
        """Its memory in the kernel's terms: VmRSS is all resident memory, RssAnon the part without a file."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1])
        raise RuntimeError(f"{self.name} has no {field}")

    def cpu_seconds(self) -> float:
        """CPU time of all its threads and its children, including those that ended."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return cpu_seconds(self.pid) + sum(map(cpu_seconds, map(int, children)))

    def _await_socket(self):
        end = time.monotonic() + START_PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                sys.exit(f"run: {self.name} ended with code {self.process.returncode}:\n{self._last_words()}")
            try:
                self.connect().close()
                return
            except OSError:
                time.sleep(0.01)
        sys.exit(f"run: {self.name} did not listen at {self.address} within {START_PATIENCE:.0f} s:\n{self._last_words()}")

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


class Strangers:
    """Measures how much CPU time processes other than ours take, while it is entered."""

    def __init__(self, server: Server):
        self.server = server
        self.share = 0.0

    def __enter__(self):
        self._start = self._sample()
        return self

    def __exit__(self, *_):
        all_cpus, busy, ours = (after - before for before, after in zip(self._start, self._sample()))
        self.share = max(0.0, busy - ours) / all_cpus if all_cpus > 0 else 0.0

    def _sample(self) -> tuple[float, float, float]:
        """Seconds since boot: of all CPUs together, of those in use, and of those used by our processes."""
        with open("/proc/stat") as stat:
            # user nice system idle iowait irq softirq steal; guest time is already included in user
            fields = [int(field) / TICKS_PER_SECOND for field in stat.readline().split()[1:9]]
        ours = self.server.cpu_seconds()
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            ours += usage.ru_utime + usage.ru_stime
        return sum(fields), sum(fields) - fields[3] - fields[4], ours
