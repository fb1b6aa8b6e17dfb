"""The stores under the daemons, as processes of their own: started, stopped, killed, copied and restored as docs/OPERATIONS.md says."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

WAIT_SECONDS = 60
#: initdb refuses to run as root; Debian's package creates this account.
ACCOUNT = "postgres"


def free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def run(*command: object, **options) -> str:
    result = subprocess.run([str(each) for each in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        sys.exit(f"verify-unique: {' '.join(map(str, command))} ended with {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def wait(condition, what: str):
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"verify-unique: {what} not within {WAIT_SECONDS} s")
        time.sleep(0.05)


class SQLite:
    """A file: it cannot be cut off from a daemon, but another process can lock it."""

    port = None

    def __init__(self, folder: Path):
        self.path, self.copy = folder / "firn.db", folder / "copy.db"

    def location(self, port: int | None) -> str:
        return f"sqlite:{self.path}"

    def outage(self, seconds: float):
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=5)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            pass
        finally:
            connection.close()

    def save(self):
        source, target = sqlite3.connect(self.path, timeout=30), sqlite3.connect(self.copy)
        source.backup(target)
        source.close()
        target.close()

    def restore(self):
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self.copy, self.path)

    def stop(self):
        pass


class Server:
    """A store that is a process. An outage stops it, or kills it and starts it again."""

    process: subprocess.Popen
    outages = 0

    def begin(self, command: list[object], **options):
        log = (self.folder / "store.log").open("a")
        command = [str(each) for each in command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        wait(self.serves, f"{command[0]} serves")

    def outage(self, seconds: float):
        self.outages += 1
        if self.outages % 2:
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            self.process.send_signal(signal.SIGCONT)
        else:
            self.kill()
            time.sleep(seconds)
            self.start()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


class Etcd(Server):
    def __init__(self, folder: Path):
        self.folder, self.copies = folder, 0
        self.data, self.copy = folder / "etcd", folder / "etcd.db"
        self.port, self.peer = free_ports(2)
        self.start()

    def location(self, port: int | None) -> str:
        return f"etcd:127.0.0.1:{port or self.port}"

    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in (self.port, self.peer)]

    def start(self):
        client, peer = self.urls()
        command = ["etcd", "--data-dir", self.data, "--listen-client-urls", client, "--advertise-client-urls", client]
        command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]
        self.begin([*command, "--log-level", "error", "--logger", "zap"])

    def etcdctl(self, *words: object) -> subprocess.CompletedProcess:
        environment = {**os.environ, "ETCDCTL_API": "3"}
        command = ["etcdctl", "--endpoints", self.urls()[0], *map(str, words)]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def serves(self) -> bool:
        return self.etcdctl("endpoint", "health").returncode == 0

    def save(self):
        self.copy.unlink(missing_ok=True)
        result = self.etcdctl("snapshot", "save", self.copy)
        if result.returncode != 0:
            sys.exit(f"verify-unique: etcd made no snapshot: {result.stderr}")

    def restore(self):
        self.kill()
        self.copies += 1
        self.data = self.folder / f"etcd-{self.copies}"
        peer = self.urls()[1]
        words = ["--data-dir", self.data, "--initial-cluster", f"default={peer}", "--initial-advertise-peer-urls", peer]
        result = self.etcdctl("snapshot", "restore", self.copy, *words)
        if result.returncode != 0:
            sys.exit(f"verify-unique: etcd restored no snapshot: {result.stderr}")
        self.start()


class Postgres(Server):
    def __init__(self, folder: Path):
        self.folder, self.copy = folder, folder / "firn.sql"
        self.programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
        self.account = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []} if os.geteuid() == 0 else {}
        self.data = folder / "postgres"
        self.data.mkdir()
        if self.account:
            shutil.chown(self.data, ACCOUNT, ACCOUNT)
        # Reached by the server's account.
        folder.chmod(0o755)
        (self.port,) = free_ports(1)
        run(self.programs / "initdb", "-D", self.data, "-A", "trust", "-U", "firn", "--no-locale", "-E", "UTF8", cwd="/", **self.account)
        self.start()

    def location(self, port: int | None) -> str:
        return f"postgres://firn@127.0.0.1:{port or self.port}/postgres"

    def start(self):
        words = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", "max_connections=200"]
        options = [word for setting in words for word in ("-c", setting)]
        self.begin([self.programs / "postgres", "-D", self.data, *options], cwd="/", **self.account)

    def place(self) -> list[object]:
        return ["-h", "127.0.0.1", "-p", self.port, "-U", "firn"]

    def serves(self) -> bool:
        command = [self.programs / "psql", *self.place(), "-d", "postgres", "-c", "SELECT 1"]
        return subprocess.run([str(each) for each in command], capture_output=True).returncode == 0

    def save(self):
        self.copy.write_text(run(self.programs / "pg_dump", *self.place(), "--table=firn", "postgres"))

    def restore(self):
        psql = [self.programs / "psql", *self.place(), "-d", "postgres", "-q", "-v", "ON_ERROR_STOP=1"]
        run(*psql, "-c", "DROP TABLE firn")
        run(*psql, "-f", self.copy)


KINDS = {"sqlite": SQLite, "etcd": Etcd, "postgres": Postgres}


class Wire:
    """A proxy between one daemon and its store, which can hold back what goes either way."""

    def __init__(self, port: int):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        #: Set: what the daemon sends arrives, what the store answers arrives.
        self.ways = threading.Event(), threading.Event()
        self.heal()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, calls: bool, answers: bool):
        for way, is_cut in zip(self.ways, (calls, answers)):
            if is_cut:
                way.clear()

    def heal(self):
        for way in self.ways:
            way.set()

    def _accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self.target), 5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for source, sink, way in ((near, far, self.ways[0]), (far, near, self.ways[1])):
                threading.Thread(target=self._pass, args=(source, sink, way), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket, way: threading.Event):
        try:
            while data := source.recv(1 << 16):
                way.wait()
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
