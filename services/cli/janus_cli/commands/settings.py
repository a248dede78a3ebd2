"""``config`` and ``version``: which settings are in use, whether they are right, what runs."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Any

import typer

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.failures import Failure, Status

SAMPLE = """\
# janus.toml: all settings; see docs/configuration.md

[accounts.ib-main]            # the alias: a-z, 0-9, dash
broker = "ib"
mode = "paper"                # real money needs exactly "live"
ib_account = "DU1234567"
client_id = 11                # fixed; every account its own
market_data = true            # this connection feeds market data
# host = "127.0.0.1"
# port = 4002                 # IB Gateway: 4002 paper, 4001 live; absent: our own paper venue

# [bus]
# url = "nats://127.0.0.1:4222"        # absent: `janus up` runs its own

# [postgres]
# dsn = "env:JANUS_POSTGRES_DSN"       # absent: `janus up` runs its own
"""
HIDDEN = "***"
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@/\s]+@")
_SECRET_KEYS = ("secret", "password", "key", "token")

File = Annotated[
    Path | None,
    typer.Argument(help="Settings file; default: the one in use.", metavar="[FILE]"),
]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    group = typer.Typer(name="config", help="Show or check the settings.", no_args_is_help=True)
    group.command("show")(show_settings)
    group.command()(check)
    app.add_typer(group)
    app.command()(version)


def show_settings(
    ctx: typer.Context,
    *,
    file: File = None,
    json: options.Json = False,
) -> None:
    """Show the settings in use, without secrets; a sample where there are none."""
    path = file or house.settings(ctx.obj.state)
    if path is None:
        show.aside("no settings here; this is a sample:")
        show.text(SAMPLE.rstrip())
        return
    if json:
        show.data("config", {"file": str(path), "settings": _without_secrets(_load(path))})
        return
    words = _read(path)
    show.aside(f"# {path}")
    show.text(_PASSWORD.sub(rf"\1{HIDDEN}@", words.rstrip()))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise Failure(
            f"{path}: {reason}", status=Status.NOT_READY, hint="name a janus.toml, or leave it out"
        ) from error


def _load(path: Path) -> Any:
    import msgspec
    from janus_common import config

    return msgspec.to_builtins(config.load(path), enc_hook=lambda _secret: HIDDEN)


def _without_secrets(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _without_secrets(item, name) for name, item in value.items()}
    if isinstance(value, str):
        is_secret = any(word in key for word in _SECRET_KEYS)
        return HIDDEN if is_secret else _PASSWORD.sub(rf"\1{HIDDEN}@", value)
    return value


def check(ctx: typer.Context, *, file: File = None, json: options.Json = False) -> None:
    """Check every field of the settings; status 6 and the field's name when one is wrong."""
    path = file or house.settings(ctx.obj.state)
    if path is None:
        raise Failure(
            "there is no janus.toml here, and no stack is running",
            status=Status.NOT_READY,
            hint="janus config show prints a sample",
        )
    found = [_checked(path)]
    changed = house.not_in_use(path) if file is None else None
    if changed is not None:
        found.append(_checked(changed))
    if json:
        show.data("config-check", found[0])
        return
    for one in found:
        names = one["accounts"]
        many = "account" if len(names) == 1 else "accounts"
        show.text(f"{one['file']}: right; {len(names)} {many}: {', '.join(names) or 'none'}")
    tell_not_in_use(changed)


def tell_not_in_use(changed: Path | None) -> None:
    """Say what it takes until ``changed``, if there is such a file, is used."""
    if changed is not None:
        show.aside(f"{changed} was changed after this stack began: used after janus down, janus up")


def _checked(path: Path) -> dict[str, Any]:
    return {"file": str(path), "accounts": sorted(_load(path)["accounts"])}


def version(*, json: options.Json = False) -> None:
    """Show the version of Janus."""
    found = version_of("janus-cli")
    if json:
        show.data("version", {"janus": found})
        return
    show.text(f"janus {found}")
