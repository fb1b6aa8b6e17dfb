"""Databases as the other system: each with its data in a folder of its own, reached over a Unix socket or a loopback port only."""

import os
import pwd
import signal
import subprocess
import time
from pathlib import Path

from processes import WAIT_SECONDS, Failure, run

END = "end of the answer"


class Session:
    """A command-line client that stays connected."""

    def __init__(self, command: list[object]):
        words = [str(each) for each in command]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True)

    def ask(self, statements: str) -> list[str]:
        """The rows of all statements. An error ends the client."""
        self.process.stdin.write(f"{statements.rstrip(';')};\nSELECT '{END}';\n")
        self.process.stdin.flush()
        rows = []
        for line in self.process.stdout:
            if line.strip() == END:
                return rows
            rows.append(line.strip())
        raise Failure(f"{statements[:100]} failed: {rows[-1:]}")

    def numbers(self, statements: str) -> list[int]:
        return [int(row) for row in self.ask(statements)]

    def close(self):
        self.process.kill()
        self.process.wait(WAIT_SECONDS)


class Server:
    """A server's process. As root it runs as another account, which Debian's packages have or which is always there."""

    def __init__(self, folder: Path, account: str):
        self.folder, self.data = folder, folder / "data"
        self.data.mkdir(parents=True)
        # Its temporary files go there too, as another account may not write where this one does.
        self.account = {"cwd": "/", "env": {**os.environ, "TMPDIR": str(self.data)}}
        if os.geteuid() == 0:
            entry = pwd.getpwnam(account)
            self.account |= {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.data, entry.pw_uid, entry.pw_gid)
        folder.chmod(0o755)
        self.sessions = []

    def start(self, command: list[object]):
        with (self.folder / "log").open("w") as log:
            words = [str(each) for each in command]
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.account)
        end = time.monotonic() + WAIT_SECONDS
        while subprocess.run([str(each) for each in self.client()], input="SELECT 1;", capture_output=True, text=True).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise Failure(f"{words[0]} does not serve: {(self.folder / 'log').read_text()[-800:]}")
            time.sleep(0.05)

    def session(self) -> Session:
        self.sessions.append(Session(self.client()))
        return self.sessions[-1]

    def stop(self):
        for session in self.sessions:
            session.close()
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Postgres(Server):
    #: With SIGTERM it would wait for sessions.
    stop_signal = signal.SIGINT

    def __init__(self, folder: Path):
        super().__init__(folder, "postgres")
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
        command = [programs / "initdb", "-D", self.data, "-A", "trust", "-U", "firn", "--no-locale", "-E", "UTF8", "--no-sync"]
        run(*command, **self.account)
        settings = ["listen_addresses=", f"unix_socket_directories={self.data}", "fsync=off", "lock_timeout=10s"]
        self.start([programs / "postgres", "-D", self.data, *(word for each in settings for word in ("-c", each))])

    def client(self) -> list[object]:
        return ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.data, "-U", "firn", "-d", "postgres"]



class MariaDB(Server):
    """Options are of the server, such as --auto-increment-offset=2."""

    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, *options: str):
        super().__init__(folder, "nobody")
        # The data of a server that was never started: made once, because that takes two seconds.
        fresh = folder.parent / "mariadb-fresh"
        if not fresh.exists():
            command = ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db"]
            run(*command, "--auth-root-authentication-method=normal", **self.account)
            run("cp", "-a", self.data, fresh)
        else:
            run("cp", "-a", f"{fresh}/.", self.data)
        self.socket = self.data / "socket"
        command = ["mariadbd", "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}", "--skip-networking"]
        self.start([*command, "--innodb-flush-log-at-trx-commit=0", "--innodb-lock-wait-timeout=10", *options])
        run(*self.client(), said="CREATE DATABASE firn;")

    def client(self, database: str = "") -> list[object]:
        command = ["mariadb", "--no-defaults", "--unbuffered", "-N", "-u", "root", f"--socket={self.socket}"]
        return [*command, *([database] if database else [])]

    def session(self) -> Session:
        self.sessions.append(Session(self.client("firn")))
        return self.sessions[-1]


class Servers:
    """Starts each database when it is first asked for."""

    def __init__(self, folder: Path):
        self.folder, self.started = folder, {}

    def get(self, kind, *options: str):
        if (kind, options) not in self.started:
            self.started[kind, options] = kind(self.folder / f"database-{len(self.started)}", *options)
        return self.started[kind, options]

    def postgres(self) -> Postgres:
        return self.get(Postgres)

    def mariadb(self) -> MariaDB:
        return self.get(MariaDB)

    def ticket_servers(self) -> list[MariaDB]:
        """Of odd and of even numbers."""
        return [self.get(MariaDB, "--auto-increment-increment=2", f"--auto-increment-offset={offset}") for offset in (1, 2)]

    def stop(self):
        for server in self.started.values():
            server.stop()
