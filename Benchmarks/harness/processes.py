"""The servers under test as child processes, and what the kernel knows of them."""

import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

START_PATIENCE = 10.0
STOP_PATIENCE = 10.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def on_cpu(cpu: int | None):
    """What a child does before exec to stay on one CPU; nothing when that is None."""
    return None if cpu is None else lambda: os.sched_setaffinity(0, {cpu})


class Server:
    """A started server on a Unix socket. Use with `with`: it is stopped by its own process ID at the end."""

    def __init__(self, name: str, protocol: str, path: str, command: list[str], cpu: int | None = None):
        self.name, self.protocol, self.path = name, protocol, path
        self.log = Path(path + ".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=on_cpu(cpu)
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

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            words = f"did not stop within {STOP_PATIENCE:.0f} s of SIGTERM and was killed"
            print(f"run: {self.name} {words}", file=sys.stderr)
            self.process.kill()
            self.process.wait()

    def resident_kibibytes(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError(f"{self.name} has no VmRSS")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND  # utime, stime

    def _await_socket(self):
        end = time.monotonic() + START_PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                sys.exit(f"run: {self.name} ended with code {self.process.returncode}:\n{self._last_words()}")
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(self.path)
                    return
                except OSError:
                    time.sleep(0.01)
        sys.exit(f"run: {self.name} did not listen at {self.path} within {START_PATIENCE:.0f} s:\n{self._last_words()}")

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


class Strangers:
    """Measures how busy processes other than ours keep the machine, while it is entered."""

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
        """Seconds since boot of all CPUs together, those of them in use, and those used by us."""
        with open("/proc/stat") as stat:
            # user nice system idle iowait irq softirq steal; guest time is in user already
            fields = [int(field) / TICKS_PER_SECOND for field in stat.readline().split()[1:9]]
        ours = self.server.cpu_seconds()
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            ours += usage.ru_utime + usage.ru_stime
        return sum(fields), sum(fields) - fields[3] - fields[4], ours
