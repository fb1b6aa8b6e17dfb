"""Instructions per call, measured with callgrind: other load and the processor's frequency do not change this figure.

Callgrind counts the instructions that all threads of firnd execute in user space, without the kernel's. The client is in
lock-step, so that each wake-up of firnd finds the same work: it writes its calls in one go and reads all answers before
the next. Each figure is the difference of two runs that differ only in the number of these calls. So the instructions of
start and stop cancel out, and so do those of all work that is done once.
"""

import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from build import require
from processes import free_port

#: The number of calls of each figure in every run, so that work that is done once is done in all of them.
FEW_CALLS = 320
START_PATIENCE = 120.0
STOP_PATIENCE = 60.0
ANSWER_PATIENCE = 60.0
#: Wide enough that no call waits for a tick.
LAYOUT = "time:41ms@2025-01-01T00:00:00Z,worker:2,sequence:20"
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HEADER_LENGTH = 4


@dataclass
class Figure:
    """A counted figure: calls in one write over the framed protocol, or one GET / after the other."""

    http: bool
    in_flight: int
    #: How many more calls its run has: 60 million instructions or more. The starts differ by only 0.2 million.
    calls: int


FIGURES = {
    "NextID, one call at a time": Figure(http=False, in_flight=1, calls=20_000),
    "NextID, 32 in flight": Figure(http=False, in_flight=32, calls=128_000),
    "GET /": Figure(http=True, in_flight=1, calls=3_200),
}


def instructions_per_call(firnd: str) -> dict[str, float]:
    """The instructions per call of that daemon, for each figure."""
    valgrind = require("valgrind", "valgrind libc6-dbg")
    with TemporaryDirectory(prefix="firn-instructions-") as folder:
        # Valgrind 3.19 fails on Swift's debugging information; the code is the same without it.
        stripped = f"{folder}/firnd"
        subprocess.run([require("strip", "binutils"), "-o", stripped, firnd], check=True)
        few = dict.fromkeys(FIGURES, FEW_CALLS)
        least = _count(valgrind, stripped, folder, few)
        return {
            name: (_count(valgrind, stripped, folder, few | {name: FEW_CALLS + figure.calls}) - least) / figure.calls
            for name, figure in FIGURES.items()
        }


def valgrind_version() -> str:
    result = subprocess.run([require("valgrind", "valgrind libc6-dbg"), "--version"], capture_output=True, text=True, check=True)
    return result.stdout.strip().removeprefix("valgrind-")


def _count(valgrind: str, firnd: str, folder: str, calls: dict[str, int]) -> int:
    """All instructions of one firnd that answers these numbers of calls, one figure after the other."""
    path, port, out, log = f"{folder}/firn.sock", free_port(), f"{folder}/callgrind.out", f"{folder}/log"
    command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={out}", f"--log-file={log}", firnd]
    command += ["--listen", f"unix:{path}", "--store", "memory", "--state-dir", "none", "--shards", "1"]
    # A window longer than the run: an extension would be counted in only one of two runs.
    command += ["--layout", LAYOUT, "--window", "3600s", "--log-level", "error", "--http", f"127.0.0.1:{port}"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FIRN")}
    # Without this, hash tables have another order in each process.
    environment["SWIFT_DETERMINISTIC_HASHING"] = "1"
    with open(f"{folder}/firnd.log", "w+") as words:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=environment)
        try:
            for name, figure in FIGURES.items():
                with _connect(process, path, port if figure.http else None) as connection:
                    (_get if figure.http else _call)(connection, calls[name], figure.in_flight)
            process.terminate()
            process.wait(STOP_PATIENCE)
        except (OSError, subprocess.TimeoutExpired) as error:
            words.seek(0)
            sys.exit(f"firnd under valgrind: {error}\n{words.read()}{Path(log).read_text()}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    totals = re.search(r"^totals: (\d+)", Path(out).read_text(), re.MULTILINE)
    if totals is None:
        sys.exit(f"firnd under valgrind: callgrind counted nothing\n{Path(log).read_text()}")
    return int(totals[1])


def _connect(process: subprocess.Popen, path: str, port: int | None) -> socket.socket:
    end = time.monotonic() + START_PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise OSError(f"it ended with code {process.returncode} before it listened")
        connection = socket.socket(socket.AF_UNIX if port is None else socket.AF_INET)
        connection.settimeout(ANSWER_PATIENCE)
        try:
            connection.connect(path if port is None else ("127.0.0.1", port))
            return connection
        except OSError:
            connection.close()
            time.sleep(0.05)
    raise OSError(f"it did not listen within {START_PATIENCE:.0f} s")


def _call(connection: socket.socket, calls: int, in_flight: int):
    # call_id 1000 + n, in two bytes, and an empty NextIDRequest.
    bodies = [bytes([0x08, 0x80 | (1000 + n) & 0x7F, (1000 + n) >> 7, 0x1A, 0x00]) for n in range(in_flight)]
    frames = b"".join(len(body).to_bytes(HEADER_LENGTH, "big") + body for body in bodies)
    for _ in range(calls // in_flight):
        connection.sendall(frames)
        answers, taken = b"", 0
        while taken < in_flight:
            answers += _receive(connection)
            while len(answers) >= HEADER_LENGTH:
                whole = HEADER_LENGTH + int.from_bytes(answers[:HEADER_LENGTH], "big")
                if len(answers) < whole:
                    break
                # The same call_id, followed by a NextIDResponse; a refusal has another tag there.
                if answers[HEADER_LENGTH + 3] != 0x1A:
                    raise OSError(f"a call was refused: {answers[:whole]!r}")
                answers, taken = answers[whole:], taken + 1


def _get(connection: socket.socket, calls: int, _: int):
    for _ in range(calls):
        connection.sendall(REQUEST)
        answer = b""
        while not answer.endswith(b"}") and not answer.endswith(b"}\n"):
            answer += _receive(connection)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise OSError(f"a request was refused: {answer!r}")


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise OSError("it closed the connection")
    return received
