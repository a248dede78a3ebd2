"""Bytes to messages and back: msgpack, or JSON where a header asks for it.

Decoding raises nothing but ``MessageInvalid``, whatever the bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable
from enum import StrEnum
from types import UnionType
from typing import Any, TypeVar, cast

import msgspec

from janus_common.errors import MessageInvalid
from janus_common.messages import MAX_BYTES

CONTENT_TYPE = "Content-Type"
MAX_REASON = 300  # characters of what msgspec says: it quotes the value, however long
T = TypeVar("T")


class Format(StrEnum):
    """How a message is written; the value is its content type."""

    MSGPACK = "application/msgpack"
    JSON = "application/json"


_MSGPACK = msgspec.msgpack.Encoder()
_JSON = msgspec.json.Encoder()


def format_of(content_type: str | None) -> Format:
    """Return the format that a ``Content-Type`` header names; msgpack where there is none."""
    named = (content_type or "").partition(";")[0].strip().lower()
    return Format.JSON if named == Format.JSON else Format.MSGPACK


def encode(message: msgspec.Struct, form: Format = Format.MSGPACK) -> bytes:
    """Return ``message`` as bytes."""
    return _JSON.encode(message) if form is Format.JSON else _MSGPACK.encode(message)


def decode(data: bytes, kind: type[T] | UnionType, form: Format = Format.MSGPACK) -> T:
    """Return the message in ``data``; ``kind`` may be a union, told apart by its tag.

    Raises:
        MessageInvalid: the bytes are anything else.
    """
    if len(data) > MAX_BYTES:
        raise MessageInvalid(f"{len(data)} bytes; a message has at most {MAX_BYTES}")
    try:
        return cast("T", _decoder(cast("Hashable", kind), form).decode(data))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MessageInvalid(f"not a {_name(kind)}: {str(error)[:MAX_REASON]}") from error


@functools.cache
def _decoder(kind: Any, form: Format) -> Any:
    make = msgspec.json.Decoder if form is Format.JSON else msgspec.msgpack.Decoder
    return make(kind)


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind).replace("janus_common.messages.", "")
