"""What every rehearsal has: the two sides, which give out IDs, and the commands of docs/MIGRATION.md."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: A command or an answer that takes longer is a failure.
WAIT_SECONDS = 30


class Failure(Exception):
    """A rehearsal that went wrong, with what was seen."""


def expect(condition: bool, what: str):
    if not condition:
        raise Failure(what)


def run(*command: object, said: str | None = None, fails: bool = False, **options) -> str:
    """What the command printed. `said` is its input. With `fails` it has to fail, and the error message comes back."""
    words = [str(each) for each in command]
    result = subprocess.run(words, input=said or "", capture_output=True, text=True, timeout=WAIT_SECONDS, **options)
    if (result.returncode != 0) != fails:
        raise Failure(f"{' '.join(words)} ended with {result.returncode}: {(result.stdout + result.stderr).strip()}")
    return result.stderr if fails else result.stdout


class Generator:
    """A process of generators.py. Its IDs are in a file: the last ones are there when it has ended."""

    def __init__(self, folder: Path, kind: str, worker: int, rate: float | None, packages: Path | None):
        self.path = folder / f"{kind}-{worker}"
        self.output = self.path.open("w")
        command = [sys.executable, HERE / "generators.py", kind, worker, *([rate] if rate else [])]
        environment = {**os.environ, **({"PYTHONPATH": str(packages)} if packages else {})}
        options = {"stdin": subprocess.PIPE, "stdout": self.output, "stderr": subprocess.PIPE, "env": environment}
        self.process = subprocess.Popen([str(each) for each in command], **options)

    def so_far(self) -> list[int]:
        text = self.path.read_text()
        return [int(line) for line in text[: text.rfind("\n") + 1].split()]

    def stop(self) -> list[int]:
        """All its IDs."""
        if self.output.closed:
            return self.so_far()
        _, errors = self.process.communicate(timeout=WAIT_SECONDS)
        self.output.close()
        expect(self.process.returncode == 0, f"the other system ended: {errors.decode()[-600:]}")
        return self.so_far()


class Taker:
    """Calls a function again and again that gives IDs, beside other things."""

    def __init__(self, take):
        self.take, self.ids, self.error = take, [], None
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.ends.is_set():
                self.ids += self.take()
        except Exception as error:
            self.error = error

    def so_far(self) -> list[int]:
        return list(self.ids)

    def wait_for(self, id: int):
        """Until it has reached this ID."""
        end = time.monotonic() + WAIT_SECONDS
        while not self.error and not self.ids[-1:] > [id]:
            expect(time.monotonic() < end, f"{id} is not reached")
            time.sleep(0.02)

    def stop(self) -> list[int]:
        self.ends.set()
        self.thread.join(WAIT_SECONDS)
        if self.error:
            raise self.error
        expect(not self.thread.is_alive(), "a call did not return")
        return self.ids


class Firn:
    """A store, and the daemons and commands that use it."""

    def __init__(self, programs: Path, folder: Path, layout: str = "snowflake"):
        folder.mkdir()
        self.programs, self.folder, self.layout = programs, folder, layout
        self.address = f"unix:{folder}/firnd.sock"
        self.environment = {**os.environ, "FIRN_STORE": f"sqlite:{folder}/firn.db", "FIRN_ADDRESS": self.address}

    def command(self, *words: object, **options) -> str:
        return run(self.programs / "firn", *words, env=self.environment, **options)

    @contextlib.contextmanager
    def daemon(self, *options: object):
        command = [self.programs / "firnd", "--listen", self.address, "--state-dir", self.folder, "--layout", self.layout, *options]
        log = self.folder / "firnd.log"
        with log.open("w") as errors:
            words = [str(each) for each in command]
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env=self.environment)
        try:
            try:
                self.command("health", "--wait", "20s")
            except Failure as failure:
                raise Failure(f"{failure}; firnd says: {log.read_text()[-800:]}") from None
            yield
        finally:
            process.terminate()
            process.wait(WAIT_SECONDS)

    def ids(self, count: int) -> list[int]:
        return [int(line) for line in self.command("next", "--timeout", 10_000, "-n", count).split()]

    def tickets(self, name: str, count: int) -> list[int]:
        return [int(line) for line in self.command("ticket", name, "--timeout", 10_000, "-n", count).split()]

    def reserved_up_to(self, name: str) -> int:
        """The command of docs/MIGRATION.md: the lowest value that no daemon has reserved."""
        command = "firn sequence list | awk '$1 == \"%s\" {print $3}'" % name
        environment = {**self.environment, "PATH": f"{self.programs}:{os.environ['PATH']}"}
        return int(run("sh", "-c", command, env=environment))

    def adopt(self, highest: int) -> str:
        """Says from when IDs flow. Refused while the ID is ahead of the clock and a worker is held, as one is up to the end of the
        tick in which it was given back."""
        command = ["store", "adopt", "--above-id", "-", "--layout", self.layout, "--yes"]
        end = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return self.command(*command, said=f"{highest}\n")
            except Failure as failure:
                if "is held by" not in str(failure) or time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def take_for(self, seconds: float, count: int) -> list[int]:
        taker = Taker(lambda: self.ids(count))
        time.sleep(seconds)
        return taker.stop()


def repeated(ids: list[int]) -> int:
    return len(ids) - len(set(ids))
