"""The settings in effect: the operator's file with the stack's own addresses filled in.

What is written never holds a secret: references stay references, and the stack's own Postgres
password is one to a file that only we can read.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from janus_common import config as common
from janus_common.config import Config
from janus_common.errors import ConfigError

from janus_cli.stack import webull
from janus_cli.stack.folders import StateFolder, write_private
from janus_cli.stack.ports import HOST

FILE_NAME = "janus.toml"
DEFAULT = {
    "accounts": {
        "ib-main": {
            "broker": "ib",
            "mode": "paper",
            "ib_account": "DU1234567",
            "client_id": 11,
            "market_data": True,
        },
        "ib-alt": {
            "broker": "ib",
            "mode": "paper",
            "ib_account": "DU7654321",
            "client_id": 12,
        },
    }
}


@dataclass(frozen=True)
class Settings:
    """What the operator wants, and where it was written."""

    config: Config
    raw: Mapping[str, Any]  # as written, references unresolved
    folder: Path  # relative paths in it start here

    @property
    def needs_venue(self) -> bool:
        return any(is_on_venue(self.config, alias) for alias in self.config.accounts)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read ``path``; without one, ``janus.toml`` of this folder, and without that, the defaults.

    The defaults are two paper accounts on the paper venue.

    Raises:
        ConfigError: the file is missing or wrong; the text names the field.
    """
    here = Path.cwd()
    if path is None and not (here / FILE_NAME).exists():
        config = common.parse(DEFAULT, source="the defaults", folder=here, environ=environ)
        return Settings(config, DEFAULT, here)
    path = (path or here / FILE_NAME).absolute()
    config = common.load(path, environ)
    return Settings(config, tomllib.loads(path.read_text()), path.parent)


def is_on_venue(config: Config, alias: str) -> bool:
    """Whether that account trades on the stack's paper venue."""
    account = config.accounts[alias]
    return account.mode == "paper" and not account.has_address


def in_effect(
    settings: Settings, ports: Mapping[str, int], dsn_file: Path, *, halt_file: Path
) -> dict[str, Any]:
    """Return the settings with every address filled in; ``ports`` are those of ``topology``.

    ``halt_file`` is where the stack's is, if the settings name none.
    """
    effect = _plain(settings.config)
    if "halt_file" not in settings.raw.get("control", {}):
        effect["control"]["halt_file"] = str(halt_file)
    _put_references(effect, settings.raw, settings.folder)
    if "nats" in ports:
        effect["bus"]["url"] = f"nats://{HOST}:{ports['nats']}"
    if "postgres" in ports:
        effect["postgres"]["dsn"] = f"file:{dsn_file}"
    if "venue" in ports:
        effect["venue"] |= {"tws_port": ports["venue"], "control_port": ports["venue control"]}
    for alias in settings.config.accounts:
        if "venue" in ports and is_on_venue(settings.config, alias):
            effect["accounts"][alias] |= _on_venue(settings.config, alias, ports, dsn_file)
    if ticks := settings.config.venue.ticks:
        effect["venue"]["ticks"] = str(settings.folder / ticks)
    return effect


def _on_venue(
    config: Config, alias: str, ports: Mapping[str, int], beside: Path
) -> dict[str, str | int]:
    if alias in webull.on_venue(config):
        own = config.accounts[alias]
        given = {"app_key", "app_secret"} if getattr(own, "app_key", None) else set()
        address = webull.address(ports, beside)
        return {name: word for name, word in address.items() if name not in given}
    return {"host": HOST, "port": ports["venue"]}


def write(effect: Mapping[str, Any], folder: StateFolder) -> None:
    """Write the settings in effect where services and verbs read them."""
    write_private(folder.config, toml(effect))


def toml(table: Mapping[str, Any], *, prefix: str = "") -> str:
    """Return ``table`` as TOML; None is left out."""
    lines = [
        f"{_key(key)} = {_value(value)}"
        for key, value in table.items()
        if value is not None and not isinstance(value, Mapping)
    ]
    for key, value in table.items():
        if isinstance(value, Mapping):
            name = f"{prefix}{_key(key)}"
            lines += ["", f"[{name}]", toml(value, prefix=f"{name}.").rstrip()]
    return "\n".join(lines).lstrip("\n") + "\n"


def _plain(config: Config) -> dict[str, Any]:
    """Return ``config`` as plain data, secrets left out."""
    return msgspec.to_builtins(config, enc_hook=lambda _: None)  # type: ignore[no-any-return]


def _put_references(effect: dict[str, Any], raw: Mapping[str, Any], folder: Path) -> None:
    for key, value in raw.items():
        if isinstance(value, Mapping):
            _put_references(effect.setdefault(key, {}), value, folder)
        elif isinstance(value, str) and value.startswith("file:"):
            effect[key] = f"file:{folder / value.removeprefix('file:')}"
        elif isinstance(value, str) and value.startswith("env:"):
            effect[key] = value


def _key(key: str) -> str:
    is_bare = key.replace("-", "").replace("_", "").isalnum() and key.isascii()
    return key if is_bare else _value(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, int | float):
        return repr(value)
    raise ConfigError(f"{value!r} cannot be written into a settings file")
