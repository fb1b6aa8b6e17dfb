"""Daemons on one store, and what is done to them."""

import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from stores import KINDS, WAIT_SECONDS, Wire, run

#: 2^20 IDs of a worker in a millisecond, so that a batch of 65,536 seldom waits for the next one.
LAYOUT = "time:38ms@2025-01-01T00:00:00Z,worker:5,sequence:20"
WORKER_SHIFT, WORKERS = 20, 32
WINDOW_SECONDS = 2.0
#: Longer than a window: the worker of a daemon that stands still for so long may be taken.
LONGEST_PAUSE = 3 * WINDOW_SECONDS
LONGEST_STEP = 5.0
RESTORE_EVERY = 30.0


class Fleet:
    def __init__(self, kind: str, size: int, folder: Path, programs: Path, seed: int):
        self.random = random.Random(seed)
        self.folder, self.programs = folder, programs
        self.store = KINDS[kind](folder)
        self.wires = [Wire(self.store.port) if self.store.port else None for _ in range(size)]
        self.daemons: list[subprocess.Popen | None] = [None] * size
        self.starts = [""] * size
        #: When a daemon that stands still, or whose wire is cut, goes on.
        self.paused: dict[int, float] = {}
        self.cuts: dict[int, float] = {}
        self.done: Counter[str] = Counter()
        self.saved = self.next_restore = time.monotonic() + RESTORE_EVERY / 2

    def path(self, index: int) -> str:
        return str(self.folder / f"{index}.sock")

    def paths(self) -> list[str]:
        return [self.path(index) for index in range(len(self.daemons))]

    def start(self, index: int, clock: float = 0):
        wire = self.wires[index]
        options = ["--listen", f"unix:{self.path(index)}", "--store", self.store.location(wire.port if wire else None)]
        options += ["--state-dir", self.folder / "state", "--layout", LAYOUT, "--window", f"{WINDOW_SECONDS:.0f}s"]
        options += [f"--clock-offset={clock:+.0f}s"] if clock else []
        log = (self.folder / f"{index}.log").open("w")
        command = [str(each) for each in [self.programs / "firnd", *options]]
        self.daemons[index] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end(self, index: int, number: signal.Signals):
        daemon = self.daemons[index]
        daemon.send_signal(number)
        if number != signal.SIGKILL:
            daemon.send_signal(signal.SIGCONT)
        try:
            daemon.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            sys.exit(f"verify-unique: daemon {index} did not end within {WAIT_SECONDS} s: {self.log(index)}")

    def log(self, index: int) -> str:
        return (self.folder / f"{index}.log").read_text()[-2000:]

    def begin(self):
        for index in range(len(self.daemons)):
            self.start(index)
        self.all_serve()

    def disturb(self):
        """Does one thing to one daemon, or to the store."""
        self.go_on(time.monotonic())
        if time.monotonic() >= self.next_restore:
            return self.restore()
        index = self.random.randrange(len(self.daemons))
        if index in self.paused:
            return
        self.revive()
        kinds = {"killed": 50, "stopped": 15, "paused": 15, "clock set": 8, "store away": 2}
        if self.wires[index]:
            kinds["cut off"] = 10
        kind = self.random.choices(list(kinds), list(kinds.values()))[0]
        now = time.monotonic()
        if kind == "killed":
            self.end(index, signal.SIGKILL)
            self.start(index)
        elif kind == "stopped":
            self.end(index, signal.SIGTERM)
            self.start(index)
        elif kind == "clock set":
            self.end(index, signal.SIGKILL)
            self.start(index, self.random.choice([-1, 1]) * self.random.uniform(1, LONGEST_STEP))
        elif kind == "paused" and len(self.paused) < len(self.daemons) // 3:
            self.daemons[index].send_signal(signal.SIGSTOP)
            self.paused[index] = now + self.random.uniform(0, LONGEST_PAUSE)
        elif kind == "cut off" and index not in self.cuts:
            self.wires[index].cut(*self.random.choice([(True, True), (True, False), (False, True)]))
            self.cuts[index] = now + self.random.uniform(0, LONGEST_PAUSE)
        elif kind == "store away":
            self.store.outage(self.random.uniform(0, LONGEST_PAUSE / 2))
        else:
            return
        self.done[kind] += 1

    def go_on(self, now: float):
        for index in [index for index, until in self.paused.items() if until <= now]:
            del self.paused[index]
            self.daemons[index].send_signal(signal.SIGCONT)
        for index in [index for index, until in self.cuts.items() if until <= now]:
            del self.cuts[index]
            self.wires[index].heal()

    def revive(self):
        """Starts daemons that have ended by themselves: one may refuse a store that is away, or a clock."""
        for index, daemon in enumerate(self.daemons):
            if daemon.poll() is not None:
                self.done["ended by itself"] += 1
                self.start(index)

    def restore(self):
        """A copy of the store is put back, with the repair of docs/OPERATIONS.md. Every other time the copy is made."""
        self.go_on(float("inf"))
        self.next_restore = time.monotonic() + RESTORE_EVERY / 2
        if self.saved:
            self.store.save()
            self.saved = None
            return
        for index in range(len(self.daemons)):
            self.end(index, signal.SIGKILL)
        self.store.restore()
        # Workers of daemons that were killed are held until their windows end.
        time.sleep(WINDOW_SECONDS + LONGEST_STEP)
        words = ["store", "repair", "--raise-to", "known", "--state-dir", self.folder / "state", "--yes"]
        run(self.programs / "firn", *words, "--store", self.store.location(None))
        self.done["store restored"] += 1
        self.saved = time.monotonic()
        for index in range(len(self.daemons)):
            self.start(index)

    def settle(self):
        """Faults end. Each daemon is started anew with the right clock, and has to serve."""
        self.go_on(float("inf"))
        for index in range(len(self.daemons)):
            self.end(index, signal.SIGTERM)
            self.start(index)
        self.all_serve()

    def all_serve(self):
        end = time.monotonic() + WAIT_SECONDS
        for index in range(len(self.daemons)):
            while not self.serves(index):
                if time.monotonic() > end:
                    sys.exit(f"verify-unique: daemon {index} did not serve within {WAIT_SECONDS} s: {self.log(index)}")
                time.sleep(0.05)

    def serves(self, index: int) -> bool:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(2)
        try:
            connection.connect(self.path(index))
            connection.sendall(bytes.fromhex("0000000408011a00"))
            return connection.recv(7)[6:] == b"\x1a"
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self):
        for daemon in self.daemons:
            if daemon and daemon.poll() is None:
                daemon.kill()
                daemon.wait()
        self.store.stop()
