#!/usr/bin/env python3
"""A client of the framed protocol, written from docs/PROTOCOL.md with nothing but the standard library.

    protocol.py ADDRESS [COUNT]    takes COUNT IDs, half of them by pipelined calls and half by a batch, and prints them

check_protocol.py makes the other calls, and holds this file against the document. ADDRESS is
unix:PATH, tcp:HOST:PORT or tls:HOST:PORT; FIRN_TOKEN is a token to show, FIRN_TLS_CA a file with the certificate to trust.
"""

import os
import socket
import ssl
import sys

# For each message its fields: number, name, type.
MESSAGES = {
    "Request": """1 call_id uint64, 2 timeout_ms uint32, 3 next_id NextIDRequest, 4 next_batch NextBatchRequest,
        5 next_tickets NextTicketsRequest, 6 new_prefix NewPrefixRequest, 7 describe DescribeRequest,
        8 create_sequence CreateSequenceRequest, 9 list_sequences ListSequencesRequest,
        10 authenticate AuthenticateRequest, 11 lease_worker LeaseWorkerRequest, 12 extend_lease ExtendLeaseRequest,
        13 release_lease ReleaseLeaseRequest, 14 store StoreRequest""",
    "Response": """1 call_id uint64, 2 error Status, 3 next_id NextIDResponse, 4 next_batch NextBatchResponse,
        5 next_tickets NextTicketsResponse, 6 new_prefix NewPrefixResponse, 7 describe DescribeResponse, 8 go_away GoAway,
        9 create_sequence CreateSequenceResponse, 10 list_sequences ListSequencesResponse,
        11 authenticate AuthenticateResponse, 12 lease_worker LeaseWorkerResponse, 13 extend_lease ExtendLeaseResponse,
        14 release_lease ReleaseLeaseResponse, 15 store StoreResponse""",
    "GoAway": "1 reason string",
    "Status": "1 code uint32, 2 message string, 3 retry_after_ms uint32",
    "AuthenticateRequest": "1 token string",
    "AuthenticateResponse": "",
    "NextIDRequest": "",
    "NextIDResponse": "1 id fixed64",
    "NextBatchRequest": "1 count uint32",
    "NextBatchResponse": "1 runs repeated Run",
    "Run": "1 first fixed64, 2 count uint32, 3 stride uint64",
    "NextTicketsRequest": "1 sequence string, 2 count uint32",
    "NextTicketsResponse": "1 runs repeated Run",
    "NewPrefixRequest": "1 service string",
    "NewPrefixResponse": "1 prefix string",
    "CreateSequenceRequest": "1 sequence Sequence",
    "CreateSequenceResponse": "1 sequence Sequence",
    "Sequence": """1 name string, 2 kind enum, 3 next uint64, 4 increment uint64, 5 offset uint64, 6 maximum uint64,
        7 shard uint32, 8 type uint32""",
    "ListSequencesRequest": "1 after string",
    "ListSequencesResponse": "1 sequences repeated Sequence, 2 more bool",
    "DescribeRequest": "",
    "DescribeResponse": """1 version string, 2 layout Layout, 3 workers repeated uint32, 4 epoch_unix_ms uint64,
        5 tick_ns uint64, 6 max_batch uint32, 7 readiness Readiness, 8 max_lease_window_ms uint64""",
    "Layout": """1 name string, 2 time_bits uint32, 3 worker_bits uint32, 4 sequence_bits uint32,
        5 sequence_above_worker bool""",
    "Readiness": "1 obstacle Status, 2 resting bool",
    "Lease": """1 worker uint32, 2 generation uint64, 3 instance fixed64, 4 token fixed64, 5 first_tick uint64,
        6 limit_tick uint64""",
    "LeaseWorkerRequest": """1 name string, 2 host string, 3 pod string, 4 pid uint32, 5 window_ms uint64,
        6 not_before_tick uint64, 7 unix_ms uint64""",
    "LeaseWorkerResponse": """1 lease Lease, 2 layout Layout, 3 epoch_unix_ms uint64, 4 tick_ns uint64,
        5 limit_unix_ms uint64""",
    "ExtendLeaseRequest": """1 lease Lease, 2 unanswered_tokens repeated fixed64, 3 next_token fixed64,
        4 limit_tick uint64""",
    "ExtendLeaseResponse": "1 lease Lease, 2 limit_unix_ms uint64",
    "ReleaseLeaseRequest": "1 lease Lease, 2 unanswered_tokens repeated fixed64, 3 first_unused_tick uint64",
    "ReleaseLeaseResponse": "1 free_from_tick uint64",
    "StoreRequest": "1 keys repeated string, 2 writes repeated StoreWrite, 3 list StoreList, 4 highest_version bool",
    "StoreWrite": "1 key string, 2 value string, 3 if_version uint64, 4 if_value string",
    "StoreList": "1 prefix string, 2 after string, 3 limit uint32",
    "StoreResponse": """1 records repeated StoreRecord, 2 results repeated StoreWriteResult,
        3 highest_version uint64""",
    "StoreRecord": "1 key string, 2 value string, 3 version uint64, 4 error Status",
    "StoreWriteResult": "1 version uint64, 2 error Status",
}
FIELDS = {
    message: {int(number): (name, kind) for number, name, kind in (field.split(maxsplit=2) for field in text.split(",") if field)}
    for message, text in MESSAGES.items()
}
VARINTS = ("uint32", "uint64", "bool", "enum")
LONGEST_RESPONSE = 2_097_152


# Encoding


def varint(number):
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def encode(message, values):
    """The bytes of a message, from a dictionary of its fields."""
    out = b""
    for number, (name, kind) in FIELDS[message].items():
        if name not in values:
            continue
        value, element = values[name], kind.removeprefix("repeated ")
        if element != kind and element in VARINTS + ("fixed64",):
            packed = b"".join(scalar(element, each) for each in value)
            out += varint(number << 3 | 2) + varint(len(packed)) + packed if packed else b""
            continue
        for each in value if element != kind else [value]:
            if element in VARINTS + ("fixed64",):
                out += varint(number << 3 | (element == "fixed64")) + scalar(element, each) if each else b""
            elif element in FIELDS or each or element != kind:
                content = encode(element, each) if element in FIELDS else each.encode()
                out += varint(number << 3 | 2) + varint(len(content)) + content
    return out


def scalar(kind, value):
    return value.to_bytes(8, "little") if kind == "fixed64" else varint(value)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        if self.at > len(self.data):
            raise ValueError("the message is cut off")
        return self.data[self.at - count:self.at]

    def varint(self):
        number = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
        raise ValueError("a varint has more than 10 bytes")

    def scalar(self, kind):
        return int.from_bytes(self.take(8), "little") if kind == "fixed64" else self.varint()


def decode(message, data):
    """The fields of a message that are there. Those that are not known are skipped."""
    values, reader = {}, Reader(data)
    while reader.at < len(data):
        tag = reader.varint()
        wire, (name, kind) = tag & 7, FIELDS[message].get(tag >> 3, (None, None))
        if wire not in (0, 1, 2, 5):
            raise ValueError(f"there is no wire type {wire}")
        content = reader.varint() if wire == 0 else reader.take({1: 8, 5: 4}.get(wire) or reader.varint())
        if name is None:
            continue
        element = kind.removeprefix("repeated ")
        if wire == 2 and element in FIELDS:
            value = decode(element, content)
        elif wire == 2 and element == "string":
            value = content.decode(errors="replace")
        elif wire == 2:
            packed = Reader(content)
            while packed.at < len(content):
                values.setdefault(name, []).append(packed.scalar(element))
            continue
        else:
            value = content if wire == 0 else int.from_bytes(content, "little")
        if element != kind:
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    return values


# The client


class CallFailed(Exception):
    def __init__(self, status):
        super().__init__(f"code {status.get('code', 0)}: {status.get('message', '')}")
        self.code, self.retry_after_ms = status.get("code", 0), status.get("retry_after_ms", 0)


class Client:
    def __init__(self, address, token=None, authority=None, timeout=5):
        kind, _, place = address.partition(":")
        host, _, port = place.rpartition(":")
        if kind == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(place)
        else:
            self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if kind == "tls":
            self.socket = ssl.create_default_context(cafile=authority).wrap_socket(self.socket, server_hostname=host.strip("[]"))
        self.input, self.timeout, self.last_call = self.socket.makefile("rb"), timeout, 0
        self.answers, self.is_going_away = {}, False
        if token:
            self.call("authenticate", token=token)

    def send(self, method, **values):
        """Sends a request without waiting for its answer; returns its number."""
        self.last_call += 1
        # The daemon gives up before this side does, so that its words arrive.
        request = {"call_id": self.last_call, "timeout_ms": int(self.timeout * 800), method: values}
        message = encode("Request", request)
        self.socket.sendall(len(message).to_bytes(4, "big") + message)
        return self.last_call

    def receive(self, call):
        """The answer to a call; those to others that come before it are kept."""
        while call not in self.answers:
            length = int.from_bytes(self.read(4), "big")
            if not 0 < length <= LONGEST_RESPONSE:
                raise ValueError(f"the daemon announces a response of {length} bytes")
            response = decode("Response", self.read(length))
            if number := response.get("call_id", 0):
                self.answers[number] = response
            elif "go_away" in response:
                self.is_going_away = True
            else:
                raise CallFailed(response.get("error", {}))
        response = self.answers.pop(call)
        if "error" in response:
            raise CallFailed(response["error"])
        return next(value for name, value in response.items() if name != "call_id")

    def read(self, count):
        data = self.input.read(count)
        if len(data) < count:
            raise ConnectionError("the daemon closed the connection")
        return data

    def call(self, method, **values):
        return self.receive(self.send(method, **values))


def numbers(answer):
    """What the runs of a batch or of tickets stand for."""
    return [run.get("first", 0) + i * run["stride"] for run in answer["runs"] for i in range(run["count"])]


def take(client, count):
    calls = [client.send("next_id") for _ in range(count // 2)]
    ids = [client.receive(call).get("id", 0) for call in calls]
    return ids + numbers(client.call("next_batch", count=count - count // 2))


def connect(address):
    return Client(address, os.environ.get("FIRN_TOKEN"), os.environ.get("FIRN_TLS_CA"))


if __name__ == "__main__":
    print(*take(connect(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2), sep="\n")
