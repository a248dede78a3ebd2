"""The wire in other people's words: JSON Schema, AsyncAPI, golden vectors, tables of the docs.

Pure: from the messages, the contract and the examples to texts. ``generate.py`` writes them.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from janus_common import codec, messages
from janus_common.contract import CHANNELS, PARAMETERS, Channel, How, all_kinds
from janus_common.contract_keys import BUCKETS
from janus_common.errors import MEANING
from janus_common.examples import EXAMPLES
from janus_common.messages import OrderState, OrderType, Outcome, Tif

_FIELD = re.compile(r"    (\w+): (.+?)(?: = (.+?))?(?:  # (.*))?")
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {
    "Decimal": "decimal",
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "dict[str, str]": "texts by name",
}


class Field(msgspec.Struct, frozen=True):
    """One field as its line in messages.py says it."""

    name: str
    type: str
    default: str  # empty: must be given
    meaning: str


@functools.cache
def fields_of(kind: type[msgspec.Struct]) -> list[Field]:
    """Return the fields of ``kind``, the inherited first, with the comments behind them."""
    own = [each for each in reversed(kind.__mro__) if issubclass(each, msgspec.Struct)]
    sources = [inspect.getsource(each) for each in own if each is not msgspec.Struct]
    lines = "\n".join(sources).splitlines()
    found = [match for line in lines if (match := _FIELD.fullmatch(line))]
    return [Field(m[1], m[2], m[3] or "", re.sub(r"\bNone\b", "null", m[4] or "")) for m in found]


# ── JSON Schema ──────────────────────────────────────────────────────────────


@functools.cache
def schemas(template: str) -> dict[str, Any]:
    """Return the schema of every message and enum; ``template`` says how they refer."""
    _, found = msgspec.json.schema_components(all_kinds(), ref_template=template)
    for kind in all_kinds():
        for field in fields_of(kind):
            if field.meaning:
                found[kind.__name__]["properties"][field.name]["description"] = field.meaning
    return found


def schema_file(kind: type[msgspec.Struct]) -> str:
    """Return the JSON Schema of ``kind`` with all that it refers to."""
    everything = schemas("#/$defs/{name}")
    name = kind.__name__
    needed = _closure(name, everything)
    definitions = {key: everything[key] for key in sorted(needed)}
    return _pretty({"$schema": _DRAFT, "$ref": f"#/$defs/{name}", "$defs": definitions})


def _closure(name: str, everything: dict[str, Any]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        for other in re.findall(r'"#/\$defs/(\w+)"', json.dumps(everything[waiting.pop()])):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


# ── golden vectors ───────────────────────────────────────────────────────────


def golden_files() -> dict[str, bytes]:
    """Return both spellings of every example, by file name."""
    found = {}
    for example in EXAMPLES:
        name = type(example).__name__
        found[f"{name}.msgpack"] = codec.encode(example)
        found[f"{name}.json"] = f"{_indented(_as_json(example))}\n".encode()
    return found


def example_json(example: msgspec.Struct) -> str:
    """Return ``example`` as a person would write it: without what is the default anyway."""
    return _indented(_without_defaults(example, _as_json(example)))


def _as_json(example: msgspec.Struct) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(codec.encode(example, codec.Format.JSON))
    return found


def _without_defaults(example: msgspec.Struct, given: dict[str, Any]) -> dict[str, Any]:
    kept = {"kind": given["kind"]}
    for field in msgspec.structs.fields(example):
        value = getattr(example, field.name)
        is_default = not field.required and value == field.default
        empty = field.default_factory is not msgspec.NODEFAULT and not value
        if not is_default and not empty:
            kept[field.name] = given[field.name]
    return kept


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


# ── AsyncAPI ─────────────────────────────────────────────────────────────────


def asyncapi_file(version: str) -> str:
    """Return the AsyncAPI 3 document of all subjects, seen from Janus."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for channel in CHANNELS:
        channels[channel.name] = _channel(channel)
        operations[channel.name] = _operation(channel)
        if channel.replies:
            channels[f"{channel.name}-reply"] = _channel_of(None, channel.replies)
    return _pretty(
        {
            "asyncapi": "3.0.0",
            "info": {
                "title": "Janus",
                "version": version,
                "description": "Order intents, orders, fills and ticks over NATS. "
                "See docs/subjects.md.",
                "license": {"name": "Apache-2.0"},
            },
            "servers": {"local": {"host": "127.0.0.1:4222", "protocol": "nats"}},
            "defaultContentType": codec.Format.MSGPACK.value,
            "channels": channels,
            "operations": operations,
            "components": {
                "messages": {kind.__name__: _message(kind) for kind in all_kinds()},
                "schemas": schemas("#/components/schemas/{name}"),
            },
        }
    )


def _channel(channel: Channel) -> dict[str, Any]:
    found = _channel_of(channel.address, channel.kinds)
    found["description"] = channel.purpose
    if channel.parameters:
        found["parameters"] = {
            name: {"description": PARAMETERS[name]} for name in channel.parameters
        }
    return found


def _channel_of(address: str | None, kinds: Iterable[type[msgspec.Struct]]) -> dict[str, Any]:
    names = [kind.__name__ for kind in kinds]
    return {
        "address": address,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operation(channel: Channel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "action": "receive" if channel.how is How.REQUEST else "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": f"{channel.sender} → {channel.receiver}: {channel.purpose}",
    }
    if channel.is_reserved:
        found["tags"] = [{"name": "reserved", "description": "nobody serves it yet"}]
    if channel.replies:
        reply = f"#/channels/{channel.name}-reply"
        found["reply"] = {
            "address": {"location": "$message.header#/reply"},
            "channel": {"$ref": reply},
            "messages": [{"$ref": f"{reply}/messages/{kind.__name__}"} for kind in channel.replies],
        }
    return found


def _message(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "name": kind.__name__,
        "summary": (kind.__doc__ or "").splitlines()[0],
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
    }


def _pretty(document: dict[str, Any]) -> str:
    return f"{_indented(document)}\n"


# ── tables of docs/subjects.md ───────────────────────────────────────────────


def blocks() -> dict[str, str]:
    """Return what stands between the markers of docs/subjects.md, by name of the block."""
    found = {how.value: _channels_table(how) for how in How}
    found |= {
        "buckets": table(
            ("bucket", "key", "message", "holds"),
            [(f"`{b.bucket}`", f"`{b.key}`", b.kind.__name__, b.purpose) for b in BUCKETS],
        ),
        "codes": table(("code", "means"), [(f"`{code}`", text) for code, text in MEANING.items()]),
    }
    for words in (Outcome, OrderState, OrderType, Tif):
        found[words.__name__] = ", ".join(f"`{word}`" for word in words)
    for example in EXAMPLES:
        name = type(example).__name__
        found[f"fields-{name}"] = _fields_table(type(example))
        found[f"example-{name}"] = f"```json\n{example_json(example)}\n```"
    return found


def _channels_table(how: How) -> str:
    chosen = [channel for channel in CHANNELS if channel.how is how]
    extra = {How.REQUEST: ("answer",), How.STREAM: ("stream",), How.LIVE: ()}[how]
    head = ("subject", "from → to", "message", *extra, "for")
    return table(head, [_channel_row(channel) for channel in chosen])


def _channel_row(channel: Channel) -> tuple[str, ...]:
    subject = f"`{channel.address.replace('{', '<').replace('}', '>')}`"
    parties = f"{channel.sender} → {channel.receiver}"
    purpose = f"{channel.purpose} *(reserved)*" if channel.is_reserved else channel.purpose
    extra = {
        How.REQUEST: (_names(channel.replies),),
        How.STREAM: (channel.stream,),
        How.LIVE: (),
    }[channel.how]
    return (subject, parties, _names(channel.kinds), *extra, purpose)


def _names(kinds: Iterable[type[msgspec.Struct]]) -> str:
    return ", ".join(kind.__name__ for kind in kinds)


def _fields_table(kind: type[msgspec.Struct]) -> str:
    rows = [
        (
            f"`{f.name}`",
            _in_words(f.type),
            f"`{_spelled(f.default)}`" if f.default else "",
            f.meaning,
        )
        for f in fields_of(kind)
    ]
    return table(("field", "type", "if left out", "meaning"), rows)


def _in_words(type_: str) -> str:
    plain = type_.removesuffix(" | None")
    if plain.startswith("list["):
        return f"list of {_in_words(plain[5:-1])}"
    name = _TYPES.get(plain, plain)
    return f"{name} or null" if plain != type_ else name


def _spelled(default: str) -> str:
    """Return a Python default as JSON has it."""
    if match := re.fullmatch(r"Decimal\((.*)\)", default):
        return f'"{match[1].strip(chr(34))}"'
    if match := re.fullmatch(r"([A-Z]\w+)\.(\w+)", default):
        enum = getattr(messages, match[1])
        assert issubclass(enum, StrEnum)
        return f'"{enum[match[2]]}"'
    return {"None": "null", "True": "true", "False": "false"}.get(default, default)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown has it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '¦') for cell in row)} |" for row in lines)
