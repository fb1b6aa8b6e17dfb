#!/usr/bin/env python3
"""Checks the client of protocol.py.

    check_protocol.py ADDRESS              makes every call that an application makes, and breaks each rule once
    check_protocol.py --document [PATH]    holds protocol.py against docs/PROTOCOL.md: its tables, and its examples byte by byte
"""

import os
import random
import re
import sys
from pathlib import Path

from protocol import FIELDS, CallFailed, Client, connect, decode, encode, numbers, take, varint

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs/PROTOCOL.md"


def code_of(attempt):
    """The code that an attempt fails with."""
    try:
        attempt()
    except CallFailed as error:
        return error.code
    return 0


def is_closed(client):
    """Whether the daemon closes the connection, and sends nothing more before."""
    return client.socket.recv(1) == b""


def send_frame(client, message):
    client.socket.sendall(len(message).to_bytes(4, "big") + message)


def rules(address):
    """What the document says about requests that are wrong."""
    client = connect(address)
    ids = take(client, 2_000)
    assert ids == sorted(set(ids)), "the IDs of a connection rise"
    # A call that no version knows, with a field that no version knows: the connection stays.
    send_frame(client, b"\x08\x07" + varint(999 << 3 | 2) + b"\x00" + varint(998 << 3) + b"\x05")
    assert code_of(lambda: client.receive(7)) == 12
    assert client.call("next_id")["id"] > ids[-1]
    for name, bytes_sent, code in [
        ("a frame of length 0", bytes(4), 3), ("a frame that is too long", (4097).to_bytes(4, "big"), 3),
        ("a frame that is no Request", b"\x00\x00\x00\x01\xff", 13),
    ]:
        client = connect(address)
        client.socket.sendall(bytes_sent)
        assert code_of(lambda: client.receive(1)) == code, name
        assert is_closed(client), name
    if os.environ.get("FIRN_TOKEN") and not address.startswith("unix:"):
        authority = os.environ.get("FIRN_TLS_CA")
        client = Client(address, None, authority)
        assert code_of(lambda: client.call("next_id")) == 16, "without a token"
        assert client.call("authenticate", token=os.environ["FIRN_TOKEN"]) == {}, "the connection has stayed"
        client = Client(address, None, authority)
        assert code_of(lambda: client.call("authenticate", token="0123456789abcdef")) == 16, "a wrong token"
        assert is_closed(client)
    print("each rule was broken once")


def tour(client):
    described = client.call("describe")
    print("version", described["version"], "layout", described["layout"]["name"], "max_batch", described["max_batch"])
    name = f"tour-{random.getrandbits(32):x}"
    made = client.call("create_sequence", sequence={"name": name, "increment": 2, "offset": 1})["sequence"]
    tickets = numbers(client.call("next_tickets", sequence=name, count=3))
    assert tickets == [1, 3, 5] and made["name"] == name, (made, tickets)
    prefix = client.call("new_prefix", service=f"{name}.prefix")["prefix"]
    assert prefix == f"{name}.prefix-1", prefix
    names = [each["name"] for each in client.call("list_sequences", after=name[:-1])["sequences"]]
    assert name in names, names
    print("sequences", tickets, prefix)
    grant = client.call("lease_worker", name="tour", pid=os.getpid(), window_ms=10_000)
    token = random.getrandbits(64) | 1
    lease = client.call("extend_lease", lease=grant["lease"], next_token=token)["lease"]
    again = client.call("extend_lease", lease=grant["lease"], next_token=token)["lease"]
    assert lease == again and lease["token"] == token, "a repeated extension is the same one"
    freed = client.call("release_lease", lease=lease, first_unused_tick=lease["first_tick"])["free_from_tick"]
    assert freed >= lease["first_tick"]
    assert code_of(lambda: client.call("extend_lease", lease=lease, next_token=token + 2)) == 10, "a released lease"
    print("lease of worker", lease.get("worker", 0), "extended and released")
    assert code_of(lambda: client.call("next_batch", count=0)) == 3
    # Not served without --serve-store, and not to a token without its scope.
    assert code_of(lambda: client.call("store", keys=["layout"])) in (7, 12)
    print("every call was made")


def check(document):
    """The document's tables must be the messages above, and each of its examples must be one of them, byte by byte."""
    tables = {}
    for name, table in re.findall(r"^`(\w+)`[^\n]*:\n\n\| number \|[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)*)", document, re.M):
        rows = [[cell.strip().strip("`") for cell in row.split("|")[1:4]] for row in table.splitlines()]
        tables[name] = {int(number): (field, kind) for number, field, kind in rows}
    for name in sorted(set(tables) | set(FIELDS)):
        assert tables.get(name) == FIELDS.get(name), f"{name}: the document has {tables.get(name)}, not {FIELDS.get(name)}"
    examples = re.findall(r"^([<>]) ([0-9a-f]{8}) ([0-9a-f]+)$", document, re.M)
    seen = set()
    for direction, header, body in examples:
        kind, data = "Request" if direction == ">" else "Response", bytes.fromhex(body)
        assert int(header, 16) == len(data), f"{header} {body}: the length is {len(data):08x}"
        values = decode(kind, data)
        assert encode(kind, values) == data, f"{body} is {values}, which is written as {encode(kind, values).hex()}"
        seen |= {(kind, name) for name in values}
    lacking = {(kind, name) for kind in ("Request", "Response") for name, _ in FIELDS[kind].values()} - seen
    assert not lacking, f"no example has {sorted(lacking)}"
    return len(tables), len(examples)


if __name__ == "__main__":
    if sys.argv[1] == "--document":
        path = Path(sys.argv[2]) if len(sys.argv) > 2 else DOCUMENT
        print("%d tables and %d examples of PROTOCOL.md agree with protocol.py" % check(path.read_text()))
    else:
        tour(connect(sys.argv[1]))
        rules(sys.argv[1])
