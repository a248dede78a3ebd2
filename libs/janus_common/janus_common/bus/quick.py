"""A few blocking questions over one plain socket, for commands that must answer at once.

Loading an asyncio client takes longer than all the rest of a short command. Whoever stays, waits
or listens uses ``bus.py``.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec

from janus_common import codec
from janus_common.errors import (
    BusError,
    BusForbidden,
    BusTimeout,
    BusUnavailable,
    MessageInvalid,
    NobodyListens,
)

# As in streams.py and buckets.py, which load the asyncio client; a test compares them.
ORDERS, FILLS, STATE, PRESENCE = "ORDERS", "FILLS", "STATE", "KV_presence"
CONTROL = "KV_control"
DEFAULT_PORT = 4222
TIMEOUT_S = 5.0
BATCH = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One message of a stream."""

    message: T
    subject: str
    sequence: int


@dataclass(frozen=True, slots=True)
class _Raw:
    status: str  # three digits, or empty
    headers: dict[str, str]
    data: bytes


class Quick:
    """One connection, asked one thing after the other; made by ``connect``."""

    def __init__(self, name: str, connection: socket.socket, reader: BinaryIO) -> None:
        self._connection, self._reader = connection, reader
        self.unreadable: list[str] = []  # subjects whose last message does not decode
        self._inbox = f"_INBOX_{name}.{secrets.token_hex(8)}"

    def request(
        self, subject: str, message: msgspec.Struct, kind: type[T], *, timeout_s: float = TIMEOUT_S
    ) -> T:
        """Ask and return the answer.

        Raises:
            NobodyListens: no process serves ``subject``; nothing was done.
            BusUnavailable: the connection was lost.
            BusTimeout: no answer; whether it was done is unknown.
            MessageInvalid: the answer is none of ``kind``.
        """
        raw = next(self._ask(subject, codec.encode(message), timeout_s=timeout_s))
        return codec.decode(raw.data, kind)

    def last_of_each(self, stream: str, patterns: Sequence[str], kind: type[T]) -> list[Found[T]]:
        """Return the last message of every subject that matches, by sequence; at most 1,024."""
        return self._decoded(self._read(stream, {"multi_last": list(patterns)}), kind)

    def history(
        self, stream: str, pattern: str, kind: type[T], *, since: str | None = None
    ) -> Iterator[Found[T]]:
        """Yield every message that matches, oldest first; ``since`` is a time in ISO-8601."""
        start: dict[str, Any] = {"start_time": since} if since else {"seq": 1}
        while True:
            page = self._read(stream, {**start, "next_by_subj": pattern, "batch": BATCH})
            yield from self._decoded(page, kind)
            if len(page) < BATCH:
                return
            start = {"seq": _sequence(page[-1]) + 1}

    def _decoded(self, page: Sequence[_Raw], kind: type[T]) -> list[Found[T]]:
        """Return what decodes and was not deleted; the rest is named in ``unreadable``."""
        found: list[Found[T]] = []
        for raw in page:
            if "KV-Operation" in raw.headers:
                continue
            subject = raw.headers.get("Nats-Subject", "")
            try:
                message = codec.decode(raw.data, kind)
            except MessageInvalid:
                self.unreadable.append(subject)
            else:
                found.append(Found(message, subject, _sequence(raw)))
        return found

    def _read(self, stream: str, asked: dict[str, Any]) -> list[_Raw]:
        subject = f"$JS.API.DIRECT.GET.{stream}"
        page: list[_Raw] = []
        for raw in self._ask(subject, msgspec.json.encode(asked), timeout_s=TIMEOUT_S):
            if raw.status in {"204", "404"}:  # the end, and nothing at all
                break
            if raw.status:
                raise BusError(f"stream {stream}: {raw.headers.get('Description', raw.status)}")
            page.append(raw)
        return page

    def _ask(self, subject: str, payload: bytes, *, timeout_s: float) -> Iterator[_Raw]:
        """Send one request and yield what comes back, until the caller has enough."""
        number = secrets.randbelow(1_000_000)
        head = f"SUB {self._inbox} {number}\r\nPUB {subject} {self._inbox} {len(payload)}\r\n"
        self._connection.settimeout(timeout_s)
        with _renamed(subject):
            self._connection.sendall(head.encode() + payload + b"\r\n")
        try:
            while True:
                with _renamed(subject):
                    raw = self._next(number)
                if raw.status == "503":
                    raise NobodyListens(f"{subject}: nobody listens")
                yield raw
        finally:
            with _renamed(subject):
                self._connection.sendall(f"UNSUB {number}\r\n".encode())

    def _next(self, number: int) -> _Raw:
        while True:
            line = self._reader.readline().rstrip()
            word, _, rest = line.decode().partition(" ")
            fields = rest.split()
            match word.upper():
                case "MSG" | "HMSG":
                    raw = self._message(fields, has_headers=word.upper() == "HMSG")
                    if fields[1] == str(number):
                        return raw
                case "PING":
                    self._connection.sendall(b"PONG\r\n")
                case "-ERR":
                    raise _refused(rest)
                case "":
                    raise BusUnavailable("the bus closed the connection")

    def _message(self, fields: Sequence[str], *, has_headers: bool) -> _Raw:
        body = self._reader.read(int(fields[-1]) + 2)[:-2]
        if not has_headers:
            return _Raw("", {}, body)
        size = int(fields[-2])
        first, *lines = body[:size].decode().splitlines()
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        _, _, status = first.partition(" ")
        if len(status) > 3:
            headers["Description"] = status[4:]
        return _Raw(status[:3], headers, body[size:])


@contextmanager
def connect(url: str, *, name: str, within_s: float = 3.0) -> Iterator[Quick]:
    """Hold one connection to the NATS server at ``url``; ``name`` is a token of its inbox.

    Raises:
        BusUnavailable: no server answers there.
    """
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or DEFAULT_PORT}"
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(
                socket.create_connection(
                    (parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT), timeout=within_s
                )
            )
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = stack.enter_context(connection.makefile("rb"))
            if not reader.readline().startswith(b"INFO "):
                raise BusUnavailable(f"what answers at {where} is no NATS server")
            connection.sendall(_hello(name, user=parts.username, password=parts.password))
        except OSError as error:
            raise BusUnavailable(
                f"no NATS server answers at {where} ({error.strerror or 'no answer'}); "
                "is the stack up?"
            ) from error
        yield Quick(name, connection, reader)


def _sequence(raw: _Raw) -> int:
    return int(raw.headers.get("Nats-Sequence", 0))


def _hello(name: str, *, user: str | None, password: str | None) -> bytes:
    options: dict[str, Any] = {
        "name": name,
        "lang": "janus",
        "version": "1",
        "protocol": 1,
        "verbose": False,
        "pedantic": False,
        "headers": True,
        "no_responders": True,
    }
    if user and password:
        options |= {"user": user, "pass": password}
    elif user:
        options["auth_token"] = user
    return b"CONNECT " + msgspec.json.encode(options) + b"\r\n"


@contextmanager
def _renamed(subject: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise BusTimeout(f"{subject}: no answer in time") from error
    except OSError as error:
        raise BusUnavailable(f"{subject}: the connection to the bus was lost") from error


def _refused(text: str) -> BusError:
    words = text.strip("'")
    is_permission = "permissions violation" in words.lower() or "authorization" in words.lower()
    return BusForbidden(words) if is_permission else BusError(words)
