"""The paths, the duration of the measurements, and the measured servers."""

import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from processes import Server, Strangers, free_port, on_cpu

#: The connections in measurements that do not vary their number.
CONNECTIONS = 16
BATCH = 4096
WARMUP_SECONDS = 0.3
#: Rounds for parts whose figures are not decided by a few percent.
MINOR_ROUNDS = 3
#: Wide enough that the layout is never the limit: 2^20 IDs per tick.
WIDE_LAYOUT = "time:41ms@2025-01-01T00:00:00Z,worker:2,sequence:20"
#: The name of a server in a table.
LABELS = {"reference": "plain C", "firnd": "firnd", "redis": "Redis INCR", "memcached": "memcached incr", "postgres": "PostgreSQL nextval"}


@dataclass
class Bench:
    firnd: str
    redis: str
    memcached: str
    programs: dict[str, str]
    folder: str
    rounds: int
    seconds: float
    server_cpu: int | None
    load_cpu: int | None
    #: The share of all CPU time that other processes took during each measurement.
    strangers: list[float] = field(default_factory=list)
    _numbers: count = field(default_factory=count)

    @property
    def minor_rounds(self) -> int:
        return min(self.rounds, MINOR_ROUNDS)

    @property
    def minor_seconds(self) -> float:
        """The duration of a measurement that is one of many."""
        return self.seconds / 2

    def start(self, name: str, protocol: str, address: str, command: list[str]) -> Server:
        return Server(name, protocol, address, command, f"{self.folder}/{name}-{next(self._numbers)}.log", self.server_cpu)

    def address(self, name: str, transport: str) -> str:
        """An address that no other server of this run uses or has used."""
        return f"unix:{self.folder}/{name}-{next(self._numbers)}.sock" if transport == "unix" else f"tcp:127.0.0.1:{free_port()}"

    def reference_server(self, transport: str = "unix") -> Server:
        address = self.address("reference", transport)
        return self.start("reference", "firn", address, [self.programs["reference-server"], address])

    def redis_server(self, transport: str = "unix", name: str = "redis") -> Server:
        address = self.address(name, transport)
        where = ["--port", "0", "--unixsocket", address.removeprefix("unix:")]
        if transport == "tcp":
            where = ["--bind", "127.0.0.1", "--port", address.rpartition(":")[2]]
        command = [self.redis, *where, "--save", "", "--appendonly", "no", "--dir", self.folder]
        return self.start("redis", "redis", address, command)

    def memcached_server(self, transport: str = "unix") -> Server:
        address = self.address("memcached", transport)
        where = ["-s", address.removeprefix("unix:")]
        if transport == "tcp":
            where = ["-l", "127.0.0.1", "-p", address.rpartition(":")[2], "-U", "0"]
        # One thread, like the others; memcached refuses to run as root without -u root.
        server = self.start("memcached", "memcached", address, [self.memcached, "-u", "root", "-t", "1", "-c", "8192", *where])
        try:
            with server.connect() as connection:
                connection.sendall(b"set id 0 0 1\r\n0\r\n")
                if connection.recv(64) != b"STORED\r\n":
                    sys.exit("run: memcached did not store the key that is counted up")
        except BaseException:
            server.stop()
            raise
        return server

    def firn_server(self, name: str, *options: str, transport: str = "unix", firnd: str | None = None) -> Server:
        address = self.address(name, transport)
        command = [firnd or self.firnd, "--listen", address, "--log-level", "error", *options]
        return self.start("firnd", "firn", address, command)

    def wide_firn_server(self, transport: str = "unix", name: str = "firnd-wide", firnd: str | None = None) -> Server:
        options = ("--store", "memory", "--state-dir", "none", "--layout", WIDE_LAYOUT, "--shards", "1", "--max-leases", "1")
        return self.firn_server(name, *options, transport=transport, firnd=firnd)

    def load(self, server: Server, *options: object, protocol: str | None = None, seconds: float | None = None) -> dict[str, float]:
        """One measurement: the output of the load generator."""
        command = [self.programs["load"], "--protocol", protocol or server.protocol, "--address", server.address]
        command += ["--server-pid", server.pid, "--seconds", seconds or self.seconds, "--warmup", WARMUP_SECONDS, *options]
        with Strangers(server) as strangers:
            result = subprocess.run(
                [str(word) for word in command], stdout=subprocess.PIPE, text=True, preexec_fn=on_cpu(self.load_cpu)
            )
        if result.returncode != 0:
            sys.exit(f"run: measuring {server.name} failed; what the load generator said is above")
        self.strangers.append(strangers.share)
        return {key: float(value) for key, value in (word.split("=") for word in result.stdout.split())}


def middle(results: list[dict[str, float]], key: str) -> float:
    return median(result[key] for result in results)


def version(command: list[str]) -> str:
    """The version that a program reports: the first number with a dot in its output."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for word in result.stdout.replace("v=", " ").replace("go1", "1").split():
        if word[:1].isdigit() and "." in word:
            return word.strip(",()")
    return Path(command[0]).name
