"""The tables of docs/configuration.md, from the settings' own lines in config.py."""

from __future__ import annotations

import re

from janus_common.config import (
    BusConfig,
    ControlConfig,
    IbAccount,
    LogConfig,
    PostgresConfig,
    VenueConfig,
    WebullAccount,
)
from janus_common.wire_docs import Field, fields_of, table

SECTIONS = {
    "bus": BusConfig,
    "postgres": PostgresConfig,
    "venue": VenueConfig,
    "control": ControlConfig,
    "log": LogConfig,
    "accounts-ib": IbAccount,
    "accounts-webull": WebullAccount,
}
_TYPES = {
    "str": "text",
    "int": "whole number",
    "bool": "`true` or `false`",
    "Port": "1 to 65535",
    "Seconds": "above 0, at most 86 400",
}
_BOUNDS = re.compile(r"Annotated\[int, msgspec\.Meta\(ge=(\S+), le=(\S+)\)\]")


def blocks() -> dict[str, str]:
    """Return what stands between the markers of docs/configuration.md, by name of the block."""
    head = ("field", "type", "if left out", "meaning")
    return {
        name: table(head, [_row(field) for field in fields_of(section)])
        for name, section in SECTIONS.items()
    }


def _row(field: Field) -> tuple[str, ...]:
    default = {"None": "", "True": "`true`", "False": "`false`"}.get(field.default, "")
    if field.default and not default and field.default != "None":
        default = f"`{field.default}`"
    must = "*must be given*" if not field.default else default
    return (
        f"`{field.name}`",
        _in_words(field.type),
        must,
        field.meaning.replace("null", "left out"),
    )


def _in_words(type_: str) -> str:
    plain = type_.removesuffix(" | None")
    if match := _BOUNDS.fullmatch(plain):
        return f"{match[1]} to {match[2].replace('_', ' ')}"
    if plain.startswith("Literal["):
        return " or ".join(f"`{word.strip()}`" for word in plain[8:-1].split(","))
    return _TYPES.get(plain, plain)
