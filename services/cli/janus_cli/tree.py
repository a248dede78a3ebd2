"""The tree of verbs: which module has which, and the options that all of them know.

Only the module of the verb in hand is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from janus_cli.failures import Failure, Status

MODULES = {
    "orders": ("buy", "sell", "bstop", "sstop"),
    "oca": ("oca",),
    "cancel": ("cancel",),
    "change": ("replace", "flatten"),
    "halt": ("halt", "resume"),
    "unblock": ("unblock",),
    "books": ("orders", "fills"),
    "holdings": ("positions", "accounts", "workers"),
    "sync": ("sync",),
    "quotes": ("quotes",),
    "watch": ("watch",),
    "symbols": ("symbols",),
    "harmony": ("harmony",),
    "db": ("db",),
    "settings": ("config", "version"),
    "stack": ("up", "down", "ps", "restart", "logs"),
    "venue": ("venue",),
}
WITH_VALUE = ("--state",)
GLOBAL = (*WITH_VALUE, "--debug")
CONTEXT = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True)
class Options:
    """The options that come before every verb."""

    state: Path | None = None
    debug: bool = False


def app(verb: str | None = None) -> typer.Typer:
    """Return the command tree; with ``verb`` only the part that has it."""
    names = [name for name, verbs in MODULES.items() if verb in verbs] or list(MODULES)
    found = typer.Typer(
        name="janus",
        help="Trade several accounts at several brokers as one system.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
        context_settings=CONTEXT,
    )
    found.callback()(_options)
    for name in names:
        import_module(f"janus_cli.commands.{name}").register(found)
    return found


def _options(
    ctx: typer.Context,
    *,
    state: Annotated[
        Path | None, typer.Option(help="The stack's state folder; default .janus.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    ctx.obj = Options(state, debug)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status.

    Raises:
        Failure: it was asked for wrongly, or cannot be done.
    """
    for word in arguments:
        if not _is_text(word):
            raise Failure(
                f"{word!a} is not UTF-8", status=Status.USAGE, hint="nothing was sent; type it anew"
            )
    ordered = globals_first(arguments or ["--help"])
    verb = next((word for word in _after_globals(ordered)), None)
    if verb == "--version":
        ordered = ["version"]
        verb = "version"
    try:
        status = app(verb)(ordered, prog_name="janus", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        raise Failure(_words(error), status=Status.USAGE, hint=_help_of(error)) from error
    return status if isinstance(status, int) else Status.DONE


def _is_text(word: str) -> bool:
    """Whether the bytes that were typed are text; Python keeps others as half characters."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def globals_first(arguments: Sequence[str]) -> list[str]:
    """Return ``arguments`` with the global options in front, where they may stand anywhere."""
    front: list[str] = []
    rest = list(arguments)
    position = 0
    while position < len(rest) and rest[position] != "--":
        word = rest[position]
        takes = 2 if word in WITH_VALUE else 1
        if word.partition("=")[0] in GLOBAL:
            front += rest[position : position + takes]
            del rest[position : position + takes]
        else:
            position += 1
    return front + rest


def _after_globals(ordered: Sequence[str]) -> Sequence[str]:
    position = 0
    while position < len(ordered) and ordered[position].partition("=")[0] in GLOBAL:
        position += 2 if ordered[position] in WITH_VALUE else 1
    return ordered[position:]


def _words(error: typer.TyperException) -> str:
    described = getattr(error, "format_message", None)
    text = described() if described else str(error)
    return text.strip().rstrip(".").replace("\n", " ")


def _help_of(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'janus'} --help"
