#!/usr/bin/env python3
"""Takes IDs over the framed protocol: framed.py unix:PATH|tcp:HOST:PORT [COUNT]. Uses no library."""

import socket
import struct
import sys


def varint(number):
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def fields(message):
    """The fields of a protobuf message: their numbers, and their values as int or bytes."""
    def read():
        number, shift = 0, 0
        while True:
            byte = next(rest)
            number, shift = number | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return number
    rest = iter(message)
    for byte in rest:
        kind, field = byte & 7, byte >> 3
        value = read() if kind == 0 else bytes(next(rest) for _ in range(8 if kind == 1 else read()))
        yield field, int.from_bytes(value, "little") if kind == 1 else value


def next_id(connection, call):
    request = b"\x08" + varint(call) + b"\x10" + varint(1000) + b"\x1a\x00"  # call_id, timeout_ms, next_id
    connection.write(struct.pack(">I", len(request)) + request)
    connection.flush()
    (length,) = struct.unpack(">I", connection.read(4))
    response = dict(fields(connection.read(length)))
    if 2 in response:
        sys.exit(dict(fields(response[2])).get(2, b"").decode())
    return dict(fields(response[3]))[1]


kind, _, place = sys.argv[1].partition(":")
host, _, port = place.rpartition(":")
peer = socket.socket(socket.AF_UNIX) if kind == "unix" else socket.socket()
peer.connect(place if kind == "unix" else (host, int(port)))
connection = peer.makefile("rwb")
for number in range(1, 1 + int(sys.argv[2] if len(sys.argv) > 2 else 1)):
    print(next_id(connection, number))
