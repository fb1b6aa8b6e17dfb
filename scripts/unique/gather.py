"""Takes IDs from daemons as fast as Python can, and keeps them as spans in files.

A gatherer is a process. It goes from daemon to daemon, because any of them may be killed, stopped, paused or cut off. What a daemon
gave before that counts, too.
"""

import os
import random
import socket
import struct
import time
from pathlib import Path

import numpy

import spans

TIMEOUT_SECONDS = 1.0
BATCH = 65_536
#: Requests in flight on one connection. A call's number takes one byte up to 127.
IN_FLIGHT = 127
ROUNDS_PER_CONNECTION = 20
#: A file is written when so many responses or seconds have come together.
MOST_PARTS, LONGEST_SECONDS = 50_000, 1.0
#: A response with an ID: its length, call_id, next_id, id.
ID_FRAME = numpy.dtype([("length", ">u4"), ("call", "u1", 2), ("tags", "u1", 3), ("id", "<u8")])
ID_TAGS = numpy.array([0x1A, 9, 0x09], dtype="u1")
ERROR, GO_AWAY = 0x12, 0x42
LONGEST_RESPONSE = 2_097_152


class WentWrong(Exception):
    """The daemon broke a promise."""


def request(call: int, content: bytes) -> bytes:
    message = bytes([0x08, call]) + content
    return struct.pack(">I", len(message)) + message


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


NEXT_BATCH = bytes([0x22, 1 + len(varint(BATCH)), 0x08]) + varint(BATCH)
SINGLES = b"".join(request(call, b"\x1a\x00") for call in range(1, IN_FLIGHT + 1))
BATCHES = b"".join(request(call, NEXT_BATCH) for call in range(1, IN_FLIGHT + 1))


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def runs(data: bytes) -> list[tuple[int, int]] | None:
    """First and last ID of each run of a response; none if it is an error."""
    at = 0
    if data[at] == 0x08:
        _, at = read_varint(data, at + 1)
    if data[at] == ERROR:
        return None
    if data[at] == 0x1A:
        (number,) = struct.unpack_from("<Q", data, at + 3)
        return [(number, number)]
    if data[at] != 0x22:
        raise WentWrong(f"a response has the field {data[at] >> 3}")
    _, at = read_varint(data, at + 1)
    found = []
    while at < len(data):
        length, at = read_varint(data, at + 1)
        (first,) = struct.unpack_from("<Q", data, at + 1)
        number, then = read_varint(data, at + 10)
        stride, _ = read_varint(data, then + 1)
        if stride != 1:
            raise WentWrong(f"the run that begins with {first} has the stride {stride}")
        found.append((first, first + number - 1))
        at += length
    return found


class Connection:
    def __init__(self, path: str):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_SECONDS)
        self.socket.connect(path)
        self.unread = b""
        self.highest = 0
        self.is_going_away = False

    def close(self):
        self.socket.close()

    def send(self, data: bytes):
        self.socket.sendall(data)

    def read(self, least: int):
        """Reads until at least so many bytes are there."""
        parts, have = [self.unread], len(self.unread)
        while have < least:
            data = self.socket.recv(1 << 18)
            if not data:
                self.unread = b"".join(parts)
                raise ConnectionError("the daemon closed the connection")
            parts.append(data)
            have += len(data)
        self.unread = b"".join(parts)

    def ids(self, most: int) -> numpy.ndarray:
        """The IDs of the responses that have come, if all of them are IDs; else none."""
        frames = min(most, len(self.unread) // ID_FRAME.itemsize)
        read = numpy.frombuffer(self.unread, dtype=ID_FRAME, count=frames)
        if not ((read["length"] == ID_FRAME.itemsize - 4).all() and (read["tags"] == ID_TAGS).all()):
            return read["id"][:0]
        self.unread = self.unread[frames * ID_FRAME.itemsize :]
        return read["id"].astype("<u8")

    def response(self) -> list[tuple[int, int]] | None:
        self.read(4)
        (length,) = struct.unpack_from(">I", self.unread)
        if not 0 < length <= LONGEST_RESPONSE:
            raise WentWrong(f"a response has {length} bytes")
        self.read(4 + length)
        data, self.unread = self.unread[4 : 4 + length], self.unread[4 + length :]
        if data[0] == GO_AWAY:
            # The answers to what was sent before still come.
            self.is_going_away = True
            return self.response()
        return runs(data)

    def rising(self, found: numpy.ndarray) -> numpy.ndarray:
        """The same spans, if each is above all before it on this connection."""
        before = numpy.append(numpy.uint64(self.highest), found[:-1, 1])
        if (found[:, 0] <= before).any():
            raise WentWrong(f"on one connection {found[(found[:, 0] <= before).argmax(), 0]} came after a higher ID")
        self.highest = int(found[-1, 1])
        return found


def singles(connection: Connection):
    connection.send(SINGLES)
    left = IN_FLIGHT
    while left:
        connection.read(ID_FRAME.itemsize)
        ids = connection.ids(left)
        if len(ids):
            yield numpy.stack([ids, ids], axis=1)
            left -= len(ids)
        elif (found := connection.response()) is not None:
            yield numpy.array(found, dtype="<u8")
            left -= 1
        else:
            return


def batches(connection: Connection):
    connection.send(BATCHES)
    for _ in range(IN_FLIGHT):
        found = connection.response()
        if found is None:
            return
        yield numpy.array(found, dtype="<u8")


class Gatherer:
    """Ends when the file `stop` is there, or when it has `most` IDs."""

    def __init__(self, folder: Path, name: str, paths: list[str], most: int):
        self.folder, self.name, self.paths, self.most = folder, name, paths, most
        self.kept: list[numpy.ndarray] = []
        self.files, self.got, self.due = 0, 0, 0.0
        self.random = random.Random(os.getpid())

    def run(self, take):
        try:
            while self.got < self.most and not (self.folder / "stop").exists():
                self.visit(take)
        except WentWrong as error:
            (self.folder / f"{self.name}.wrong").write_text(f"{error}\n")
        self.write()

    def visit(self, take):
        """Takes IDs of one daemon for a while."""
        path = self.random.choice(self.paths)
        try:
            connection = Connection(path)
        except OSError:
            time.sleep(0.005)
            return
        try:
            for _ in range(ROUNDS_PER_CONNECTION):
                before = self.got
                for found in take(connection):
                    self.keep(connection.rising(found))
                if connection.is_going_away or self.got == before:
                    time.sleep(0.005)
                    return
        except OSError:
            pass
        finally:
            connection.close()

    def keep(self, found: numpy.ndarray):
        self.kept.append(found)
        self.got += spans.count(found)
        if len(self.kept) >= MOST_PARTS or time.monotonic() > self.due:
            self.write()

    def write(self):
        if self.kept:
            together = spans.IDSet()
            everything = numpy.concatenate(self.kept)
            together.add(everything)
            # Whatever came twice to one gatherer must come twice to who counts, too.
            kept = everything if together.twice else together.spans
            unfinished = self.folder / f"{self.name}.unfinished"
            kept.tofile(unfinished)
            unfinished.rename(self.folder / f"{self.name}-{self.files}.spans")
            self.files += 1
            self.kept = []
        self.due = time.monotonic() + LONGEST_SECONDS
