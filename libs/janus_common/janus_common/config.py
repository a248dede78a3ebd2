"""The settings: one ``janus.toml``, checked once, frozen; the only reader of the environment.

Every error names the field, the value and the cure. Secrets are references, ``env:NAME`` or
``file:PATH``, read when the file is; their text never shows in a ``repr``.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from janus_common.config_accounts import (
    KINDS,
    LOOPBACK,
    Account,
    IbAccount,
    Port,
    Secret,
    WebullAccount,
    check_accounts,
)
from janus_common.config_words import in_words
from janus_common.errors import ConfigError

ALIAS = re.compile(r"[a-z][a-z0-9-]{0,31}")
PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "grpc_proxy"})
OVERLAY_PREFIX = "JANUS__"
_PASSWORD_IN_URL = re.compile(r"[a-z]+://[^/@]*:[^/@]*@")

_NO_FLATTEN = (
    "a position is closed by an order, and without the bus no order can be recorded; "
    'use "cancel_all", and `janus flatten` when the bus is back, or "hold"'
)

T = TypeVar("T")

__all__ = ["Account", "IbAccount", "Port", "Secret", "WebullAccount"]


class BusConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where NATS is."""

    url: str | None = None  # nats://host:port; None: `janus up` runs its own


class PostgresConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the registry's Postgres is."""

    dsn: str | None = None  # postgresql://…, best as env: or file:; None: `janus up` runs its own


class VenueConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The paper venue of the local stack."""

    seed: int = 1  # the same seed gives the same market
    ticks: str | None = None  # folder of recorded ticks to replay, one SYMBOL.csv.gz per symbol
    tws_port: Port | None = None  # None: `janus up` finds a free one
    control_port: Port | None = None  # HTTP: the truth, pinned markets; None: a free one


class ControlConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the house is halted without its bus."""

    halt_file: str | None = None  # while it is there all is halted; None: "halt" beside this file


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"  # and all that is graver


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of ``janus.toml``."""

    accounts: dict[str, Account]
    bus: BusConfig = BusConfig()
    postgres: PostgresConfig = PostgresConfig()
    venue: VenueConfig = VenueConfig()
    control: ControlConfig = ControlConfig()
    log: LogConfig = LogConfig()


def load(
    path: Path,
    environ: Mapping[str, str] | None = None,
    *,
    secrets_of: Collection[str] | None = None,
) -> Config:
    """Read and check ``path``, with ``JANUS__SECTION__KEY`` of ``environ`` laid over it.

    ``secrets_of`` names the sections whose secrets must be there besides those of ``bus``, such as
    ``accounts.ib-main``; None: all. Elsewhere a reference that leads nowhere stays as it is: a
    process needs nobody else's secrets.

    Raises:
        ConfigError: the file is missing or wrong; the text names the field.
    """
    environ = environment() if environ is None else environ
    try:
        raw = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; a sample is deploy/janus.example.toml") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    return parse(raw, source=str(path), folder=path.parent, environ=environ, secrets_of=secrets_of)


def parse(
    raw: Mapping[str, Any],
    *,
    source: str,
    folder: Path,
    environ: Mapping[str, str],
    secrets_of: Collection[str] | None = None,
) -> Config:
    """Check ``raw`` and resolve its secrets as ``load`` does; ``source`` is named in errors.

    Raises:
        ConfigError: a field is unknown, missing or wrong; the text names it.
    """
    try:
        laid_over = _overlay(_as_dict(raw), environ)
        wanted = None if secrets_of is None else {*secrets_of, "bus"}
        resolved = _resolve(laid_over, where="", folder=folder, environ=environ, wanted=wanted)
        _check_accounts(resolved.get("accounts"))
        config = _convert(resolved, Config)
        check_accounts(config.accounts)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error
    return _located(config, folder)


def halt_file(config: Config) -> Path | None:
    """Return the file that halts the house, as an absolute path; None before ``parse``."""
    found = config.control.halt_file
    return None if found is None else Path(found)


def _located(config: Config, folder: Path) -> Config:
    """Return ``config`` with the path of its halt file seen from ``folder``."""
    path = folder.absolute() / (config.control.halt_file or "halt")
    control = msgspec.structs.replace(config.control, halt_file=str(path))
    return msgspec.structs.replace(config, control=control)


def bus_url(config: Config) -> str:
    """Return where NATS is.

    Raises:
        ConfigError: it is not set; only `janus up` can do without.
    """
    if config.bus.url is None:
        raise ConfigError("bus.url is not set; give it, or start everything with `janus up`")
    return config.bus.url


def environment() -> Mapping[str, str]:
    """Return the process's environment; the only place that reads it."""
    return os.environ  # noqa: TID251 - this module is the one place


def use_no_proxy_for(endpoint: str | None) -> None:
    """Take the proxies out of the environment if ``endpoint`` is on this machine.

    For libraries that would ask one even for 127.0.0.1.
    """
    if endpoint is not None and urlsplit(endpoint).hostname in LOOPBACK:
        for name in [n for n in os.environ if n.lower() in PROXIES]:  # noqa: TID251
            del os.environ[name]  # noqa: TID251


def _as_dict(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _as_dict(v) if isinstance(v, Mapping) else v for k, v in raw.items()}


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    for name, text in environ.items():
        if not name.startswith(OVERLAY_PREFIX):
            continue
        *sections, key = name.removeprefix(OVERLAY_PREFIX).lower().split("__")
        target = raw
        for section in sections:
            is_alias = target is raw.get("accounts")
            target = target.setdefault(section.replace("_", "-") if is_alias else section, {})
            if not isinstance(target, dict):
                raise ConfigError(f"{name}: {section} is no section; unset that variable")
        target[key] = _typed(text)
    return raw


def _typed(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _resolve(
    value: Any,
    *,
    where: str,
    folder: Path,
    environ: Mapping[str, str],
    wanted: Collection[str] | None,
) -> Any:
    """Return ``value`` with the references to wanted secrets in it replaced by the secrets."""
    if isinstance(value, dict):
        return {
            key: _resolve(
                item,
                where=f"{where}.{key}" if where else key,
                folder=folder,
                environ=environ,
                wanted=wanted,
            )
            for key, item in value.items()
        }
    if not isinstance(value, str):
        return value
    kind, _, reference = value.partition(":")
    if kind == "env":
        found = environ.get(reference, "")
        cure = f"the environment has no {reference}; set it"
    elif kind == "file":
        found, cure = _secret_file(folder / reference)
    else:
        return Secret(value) if _PASSWORD_IN_URL.match(value) else value
    if found:
        return Secret(found)
    if _is_in(where, wanted):
        raise ConfigError(f"{where} = {value!r}: {cure}")
    return Secret(value)


def _is_in(where: str, sections: Collection[str] | None) -> bool:
    return sections is None or any(where.startswith(f"{section}.") for section in sections)


def _secret_file(path: Path) -> tuple[str, str]:
    """Return the secret in a file, empty if there is none, and what to do then."""
    try:
        return path.read_text().strip(), f"{path} is empty; put the secret into it"
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        return "", f"cannot read {path}: {reason}; create it, readable for this user"


def _check_accounts(accounts: Any) -> None:
    """Check each account by itself, so that an error can name its alias."""
    if not isinstance(accounts, dict):
        return
    for alias, fields in accounts.items():
        where = f"accounts.{alias}"
        if not ALIAS.fullmatch(alias):
            raise ConfigError(
                f"{where}: an alias has 1 to 32 of a-z, 0-9 and dash, beginning with a letter"
            )
        if not isinstance(fields, dict):
            raise ConfigError(f"{where} = {fields!r}: expected `object`")
        broker = fields.get("broker")
        if broker not in KINDS:
            said = f".broker = {broker!r}:" if "broker" in fields else ".broker: missing;"
            raise ConfigError(f'{where}{said} use "ib" or "webull"')
        if fields.get("on_bus_loss") == "flatten":
            raise ConfigError(f"{where}.on_bus_loss = 'flatten': {_NO_FLATTEN}")
        _convert(fields, KINDS[broker], prefix=where)


def _convert(raw: Any, kind: type[T], *, prefix: str = "") -> T:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(in_words(error, raw, kind, prefix=prefix)) from error
