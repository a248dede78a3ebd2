"""What is wrong with the configuration, in an operator's words: field, value, cure."""

from __future__ import annotations

import difflib
import re
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
_MISSING = re.compile(r"Object missing required field `(.*)`")


def in_words(error: msgspec.ValidationError, raw: Any, kind: Any, *, prefix: str = "") -> str:
    """Return what ``error`` says of ``raw``, which lies at ``prefix`` and should be a ``kind``.

    Values are shown by their ``repr``, so that a secret stays one.
    """
    text, _, path = str(error).partition(" - at `$")
    keys = [key for key in path.rstrip("`").split(".") if key]
    value = raw
    for key in keys:
        value = value.get(key, {}) if isinstance(value, dict) else {}
        kind = _type_of(kind, key)
    where = ".".join([*([prefix] if prefix else []), *keys])
    if match := _UNKNOWN.fullmatch(text):
        return f"{_join(where, match[1])}: no such field; {_instead(match[1], kind)}"
    if match := _MISSING.fullmatch(text):
        return f"{_join(where, match[1])}: missing; {_wanted(_type_of(kind, match[1]))}"
    shown = where or "the file"
    shown += "" if isinstance(value, dict) else f" = {value!r}"
    return f"{shown}: {_cure(text, kind)}"


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _instead(name: str, kind: Any) -> str:
    known = _fields(kind)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(known))}"


def _cure(text: str, kind: Any) -> str:
    """Return ``text`` without the value that msgspec quotes: it may be a secret."""
    return _wanted(kind) if text.startswith("Invalid") else f"{text[0].lower()}{text[1:]}"


def _wanted(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "use " + " or ".join(f'"{word}"' for word in get_args(kind))
    return f"give {_NAMES.get(kind, 'its section')}"


def _type_of(kind: Any, key: str) -> Any:
    """Return the type of field ``key``, without what may surround it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if key == kind.__struct_config__.tag_field:
            return Literal[kind.__struct_config__.tag]
        return _bare(_fields(kind).get(key, kind))
    return kind


def _bare(kind: Any) -> Any:
    while get_origin(kind) in {Annotated, Union, UnionType}:
        kind = next(part for part in get_args(kind) if part is not NoneType)
    return kind


def _fields(kind: Any) -> dict[str, Any]:
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return {}
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
