"""Listens beside the bus and stamps what passes: where each millisecond of an order goes.

A plain socket in a process of its own, so that nothing on the order's path does more than usual.
A stamp is when the server handed the message to this listener, a little after it took it.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from typing import BinaryIO
from urllib.parse import urlsplit

HELLO = b'CONNECT {"verbose":false,"headers":true,"protocol":1,"name":"bench-tap"}\r\n'
LAST = "bench.tap.end"
WORDS = (b"SENDING", b"FILLED", b"FillFee")


def main(url: str, patterns: list[str]) -> None:
    """Stamp until a message on ``LAST`` comes, then print a JSON line for each message."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 4222)) as bus:
        subscriptions = [f"SUB {each} {n}\r\n" for n, each in enumerate([*patterns, LAST], 1)]
        bus.sendall(HELLO + "".join(subscriptions).encode() + b"PING\r\n")
        rows = _listen(bus, bus.makefile("rb"))
    for row in rows:
        print(json.dumps(row))


def _listen(bus: socket.socket, reader: BinaryIO) -> list[tuple[int, str, str, str, str]]:
    rows: list[tuple[int, str, str, str, str]] = []
    while line := reader.readline():
        now = time.monotonic_ns()
        word, _, rest = line.decode().strip().partition(" ")
        if word == "PING":
            bus.sendall(b"PONG\r\n")
        elif word == "PONG":
            print("ready", flush=True)
        elif word in {"MSG", "HMSG"}:
            fields = rest.split()
            body = reader.read(int(fields[-1]) + 2)
            if fields[0] == LAST:
                break
            has_reply = len(fields) == (5 if word == "HMSG" else 4)
            rows.append((now, fields[0], fields[2] if has_reply else "", _id(body), _word(body)))
    return rows


def _id(body: bytes) -> str:
    """Return the order's id in a packed message."""
    _, _, after = body.partition(b"client_order_id\xd9\x20")
    return after[:32].decode(errors="replace")


def _word(body: bytes) -> str:
    return next((word.decode() for word in WORDS if word in body), "")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
