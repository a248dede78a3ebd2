r"""The TWS framing without I/O: bytes to fields, fields to bytes, and the version handshake.

A frame is a 4-byte big-endian length and fields that each end in one NUL. The client opens with
the raw bytes ``API\0`` and one frame of its own kind: ``v157..178``, without a NUL.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

VERSIONS = (176, 178)  # oldest and newest server version served
API_PREFIX = b"API\0"
MAX_FRAME = 1 << 18  # bytes; the longest request, an order with conditions, has a few thousand
MAX_HELLO = 1024  # bytes of the version frame
MAX_DECIMAL = 20  # characters of a number; averages beyond are rounded
UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INT = "2147483647"

_LENGTH = struct.Struct(">I")
_HELLO = re.compile(r"v(\d{1,9})\.\.(\d{1,9})(?: (.*))?", re.DOTALL)


class WireError(Exception):
    """Bytes that no TWS client sends; the connection is beyond repair."""


class FrameReader:
    """Collects chunks and yields complete frames, each as its list of fields."""

    def __init__(self, *, max_frame: int = MAX_FRAME) -> None:
        self._buffer = bytearray()
        self._max_frame = max_frame

    @property
    def is_partial(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer)

    def feed(self, chunk: bytes) -> Iterator[list[str]]:
        """Yield the frames that ``chunk`` completes.

        Raises:
            WireError: the next frame is too long, empty, unterminated or no UTF-8.
        """
        self._buffer += chunk
        while (size := self._next_size()) is not None:
            frame = bytes(self._buffer[4 : 4 + size])
            del self._buffer[: 4 + size]
            yield _fields(frame)

    def _next_size(self) -> int | None:
        """Return the length of the first frame, or None while it is incomplete."""
        if len(self._buffer) < 4:
            return None
        size = int(_LENGTH.unpack_from(self._buffer)[0])
        if not 0 < size <= self._max_frame:
            raise WireError(f"a frame of {size} bytes; at most {self._max_frame} are taken")
        return size if len(self._buffer) >= 4 + size else None


def _fields(frame: bytes) -> list[str]:
    if frame[-1] != 0:
        raise WireError("the last field of a frame does not end in NUL")
    try:
        fields = frame.decode().split("\0")
    except UnicodeDecodeError as error:
        raise WireError("a frame is not UTF-8") from error
    fields.pop()
    return fields


@dataclass(frozen=True, slots=True)
class Hello:
    """What a client says of itself before anything else."""

    oldest: int
    newest: int
    options: str = ""

    def choose(self) -> int | None:
        """Return the server version for this client, or None when there is no common one."""
        version = min(VERSIONS[1], self.newest)
        return version if version >= max(VERSIONS[0], self.oldest) else None


@dataclass(slots=True)
class HelloReader:
    """Collects the opening bytes until the client's versions are known."""

    _buffer: bytearray = field(default_factory=bytearray)

    @property
    def is_partial(self) -> bool:
        """Whether the greeting has begun; it is not read further once it has ended."""
        return bool(self._buffer)

    def feed(self, chunk: bytes) -> tuple[Hello, bytes] | None:
        """Return the greeting and the bytes after it, or None while it is incomplete.

        Raises:
            WireError: this is no TWS client.
        """
        self._buffer += chunk
        if not self._buffer.startswith(API_PREFIX[: len(self._buffer)]):
            raise WireError("the connection does not open with API\\0")
        start = len(API_PREFIX) + 4
        if len(self._buffer) < start:
            return None
        size = int(_LENGTH.unpack_from(self._buffer, len(API_PREFIX))[0])
        if not 0 < size <= MAX_HELLO:
            raise WireError(f"a version frame of {size} bytes; at most {MAX_HELLO} are taken")
        if len(self._buffer) < start + size:
            return None
        text = bytes(self._buffer[start : start + size])
        return parse_hello(text), bytes(self._buffer[start + size :])


def parse_hello(text: bytes) -> Hello:
    """Read ``v157..178``, with optional connect options after a space."""
    match = _HELLO.fullmatch(text.decode(errors="replace").rstrip("\0"))
    if match is None:
        raise WireError(f"{text[:40]!r} is no version range")
    return Hello(oldest=int(match[1]), newest=int(match[2]), options=match[3] or "")


def frame(*values: object) -> bytes:
    """Return one frame of ``values`` in their wire spelling."""
    return packed("\0".join([spell(value) for value in values]) + "\0")


def packed(body: str) -> bytes:
    """Return the frame of a body whose fields are already terminated."""
    data = body.encode()
    return _LENGTH.pack(len(data)) + data


def unframe(data: bytes) -> list[str]:
    """Return the fields of one whole frame."""
    return _fields(data[4:])


def frames_of(data: bytes) -> Iterator[bytes]:
    """Yield the single frames of whole frames joined together."""
    at = 0
    while at < len(data):
        end = at + 4 + _LENGTH.unpack_from(data, at)[0]
        yield data[at:end]
        at = end


def spell(value: object) -> str:
    """Return a value as TWS writes it: ``1``/``0`` for bool, plain decimals, empty for None."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bool:
        return "1" if value else "0"
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text if len(text) <= MAX_DECIMAL else format(round(value, 8), "f")
    return str(value)
