"""The settings: one ``janus.toml``, checked once, frozen; the only reader of the environment.

Every error names the field, the value and the cure. Secrets are references, ``env:NAME`` or
``file:PATH``, read when the file is; their text never shows in a ``repr``.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from janus_common.errors import ConfigError

ALIAS = re.compile(r"[a-z][a-z0-9-]{0,31}")
OVERLAY_PREFIX = "JANUS__"

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Positive = Annotated[float, msgspec.Meta(gt=0)]


class Secret(str):
    """A text that must not be shown: ``repr`` hides it, ``str.__str__`` is deliberate."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"


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
    control_port: Port | None = None


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is logged."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class IbAccount(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="broker",
    tag="ib",
):
    """One Interactive Brokers account, traded by one worker through one gateway connection."""

    mode: Literal["paper", "live"]  # real money needs exactly "live"
    ib_account: str  # as the gateway reports it; paper ids begin with D
    client_id: Annotated[int, msgspec.Meta(ge=1, le=999_999)]  # fixed; never 0, never shared
    host: str = "127.0.0.1"
    port: Port | None = None  # IB Gateway: 4001 live, 4002 paper; None: the stack's paper venue
    market_data: bool = False  # this account's connection feeds the house's market data
    allow_short: bool = False
    connect_timeout_s: Positive = 10.0
    sweep_s: Positive = 60.0  # how often executions are asked for again


Account = IbAccount


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of ``janus.toml``."""

    accounts: dict[str, Account]
    bus: BusConfig = BusConfig()
    postgres: PostgresConfig = PostgresConfig()
    venue: VenueConfig = VenueConfig()
    log: LogConfig = LogConfig()


def load(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read and check ``path``, with ``JANUS__SECTION__KEY`` of ``environ`` laid over it.

    Raises:
        ConfigError: the file is missing or wrong; the text names the field.
    """
    environ = environment() if environ is None else environ
    try:
        raw = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `janus config show` prints a sample") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    return parse(raw, source=str(path), folder=path.parent, environ=environ)


def parse(
    raw: Mapping[str, Any], *, source: str, folder: Path, environ: Mapping[str, str]
) -> Config:
    """Check ``raw`` and resolve its secrets; ``source`` is named in errors.

    Raises:
        ConfigError: a field is unknown, missing or wrong; the text names it.
    """
    laid_over = _overlay(_as_dict(raw), environ)
    resolved = _resolve(laid_over, where="", folder=folder, environ=environ, source=source)
    try:
        config = msgspec.convert(resolved, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_in_words(error, resolved)}") from error
    _check(config, source)
    return config


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


def _as_dict(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _as_dict(v) if isinstance(v, Mapping) else v for k, v in raw.items()}


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    for name, text in environ.items():
        if not name.startswith(OVERLAY_PREFIX):
            continue
        *sections, key = name.removeprefix(OVERLAY_PREFIX).lower().split("__")
        target = raw
        for section in sections:
            target = target.setdefault(
                section.replace("_", "-") if target is raw.get("accounts") else section, {}
            )
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
    source: str,
) -> Any:
    if isinstance(value, dict):
        return {
            key: _resolve(
                item,
                where=f"{where}.{key}" if where else key,
                folder=folder,
                environ=environ,
                source=source,
            )
            for key, item in value.items()
        }
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in environ:
            raise ConfigError(
                f"{source}: {where} = {value!r}: the environment has no {name}; set it"
            )
        return Secret(environ[name])
    if isinstance(value, str) and value.startswith("file:"):
        return Secret(_secret_file(value, where=where, folder=folder, source=source))
    return value


def _secret_file(value: str, *, where: str, folder: Path, source: str) -> str:
    path = folder / value.removeprefix("file:")
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"{source}: {where} = {value!r}: cannot read {path}: {reason}") from error


def _in_words(error: msgspec.ValidationError, raw: dict[str, Any]) -> str:
    """Return ``error`` with the field's own path and value, secrets hidden."""
    text, _, path = str(error).partition(" - at `$")
    keys = [key for key in re.split(r"[.\[\]]+", path.rstrip("`")) if key]
    value: Any = raw
    for position, key in enumerate(keys):
        if not isinstance(value, dict):
            break
        if key == "...":  # msgspec's word for "some key of this mapping"
            return f"{_culprit(value, keys[position + 1 :], prefix=keys[:position])}: {text}"
        value = value.get(key, {})
    where = ".".join(keys) or "top level"
    shown = "" if isinstance(value, dict) else f" = {value!r}"
    return f"{where}{shown}: {text}"


def _culprit(accounts: dict[str, Any], rest: list[str], *, prefix: list[str]) -> str:
    for alias, fields in accounts.items():
        try:
            msgspec.convert(fields, Account)
        except msgspec.ValidationError:
            value = fields.get(rest[0]) if rest and isinstance(fields, dict) else None
            shown = f" = {value!r}" if value is not None else ""
            return ".".join([*prefix, alias, *rest]) + shown
    return ".".join([*prefix, *rest])


def _check(config: Config, source: str) -> None:
    seen: dict[tuple[str, int | None, int], str] = {}
    for alias, account in config.accounts.items():
        where = f"{source}: accounts.{alias}"
        if not ALIAS.fullmatch(alias):
            raise ConfigError(f"{where}: an alias is a-z, 0-9 and dash, beginning with a letter")
        _check_mode(account, where)
        key = (account.host, account.port, account.client_id)
        if key in seen:
            raise ConfigError(
                f"{where}.client_id = {account.client_id}: already used by accounts.{seen[key]}; "
                "every worker needs its own"
            )
        seen[key] = alias


def _check_mode(account: IbAccount, where: str) -> None:
    is_paper_id = account.ib_account.startswith("D")
    if account.mode == "live" and is_paper_id:
        raise ConfigError(
            f"{where}: mode is live but ib_account {account.ib_account!r} is a paper id"
        )
    if account.mode == "paper" and not is_paper_id:
        raise ConfigError(
            f"{where}: mode is paper but ib_account {account.ib_account!r} is not a paper id "
            "(those begin with D)"
        )
    if account.mode == "live" and account.port is None:
        raise ConfigError(f"{where}.port: a live account must say its gateway's port")
