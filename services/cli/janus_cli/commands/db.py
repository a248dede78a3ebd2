"""``db``: the registry's database; done by the registry's own program, which alone knows Postgres."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from janus_cli import house
from janus_cli.commands import options
from janus_cli.failures import Failure, Status

PROGRAM = "janus_registry"

File = Annotated[Path, typer.Argument(help="One file with everything.", metavar="FILE")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings; without it those of the stack here.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    group = typer.Typer(name="db", help="The registry's database.", no_args_is_help=True)
    for verb in (migrate, status, backup, restore):
        group.command()(verb)
    app.add_typer(group)


def migrate(ctx: typer.Context, *, config: ConfigFile = None, json: options.Json = False) -> int:
    """Bring the schema up to date; the registry does so itself when it starts."""
    return _run(ctx, "migrate", config=config, json=json)


def status(ctx: typer.Context, *, config: ConfigFile = None, json: options.Json = False) -> int:
    """Show version, size, rows and migrations; exit 6 if some are pending."""
    return _run(ctx, "status", config=config, json=json)


def backup(
    ctx: typer.Context, file: File, *, config: ConfigFile = None, json: options.Json = False
) -> int:
    """Write symbols, history and books into one file, while everything goes on."""
    return _run(ctx, "backup", str(file.absolute()), config=config, json=json)


def restore(
    ctx: typer.Context, file: File, *, config: ConfigFile = None, json: options.Json = False
) -> int:
    """Write what a backup holds into an empty database, all of it or nothing."""
    return _run(ctx, "restore", str(file.absolute()), config=config, json=json)


def _run(ctx: typer.Context, verb: str, *more: str, config: Path | None, json: bool) -> int:
    settings = config or house.settings(ctx.obj.state)
    if settings is None:
        raise Failure(
            "no running stack was found, and no janus.toml with postgres.dsn",
            status=Status.UNREACHABLE,
            hint="janus up",
        )
    if find_spec(PROGRAM) is None:
        raise Failure(
            "the registry is not installed here, and it alone knows Postgres",
            status=Status.NOT_READY,
            hint=f"run it where the registry is: python -m {PROGRAM}.db {verb} --config FILE",
        )
    command = [sys.executable, "-m", f"{PROGRAM}.db", "--config", str(settings), verb, *more]
    return subprocess.run([*command, *(["--json"] if json else [])], check=False).returncode  # noqa: S603 - our own program
