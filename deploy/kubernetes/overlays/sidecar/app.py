"""An app that numbers its requests: an ID from the sidecar for each, over /run/firn/firn.sock.

Without a client library, to show how little the protocol is: a length in four bytes, and a protobuf message.
"""

import os
import signal
import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SOCKET = os.environ.get("FIRN_SOCKET", "/run/firn/firn.sock")
REQUEST = b"\x08\x01\x1a\x00"  # Request { call_id: 1, next_id: {} }
ANSWER = b"\x08\x01\x1a\x09\x09"  # Response { call_id: 1, next_id: { id: and 8 bytes of it } }


def next_id():
    with socket.socket(socket.AF_UNIX) as firn:
        firn.settimeout(2)
        firn.connect(SOCKET)
        firn.sendall(struct.pack(">I", len(REQUEST)) + REQUEST)
        with firn.makefile("rb") as answers:
            answer = answers.read(struct.unpack(">I", answers.read(4))[0])
    if not answer.startswith(ANSWER):
        raise OSError(f"no ID: {answer!r}")
    return struct.unpack("<Q", answer[len(ANSWER):])[0]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, text = 200, f"you are request {next_id()}\n"
        except (OSError, struct.error) as error:
            status, text = 503, f"{error}\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()
