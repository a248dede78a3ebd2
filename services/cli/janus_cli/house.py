"""Which house a command talks to: its bus, and the accounts that the settings name.

Verbs read no more of the settings than that, so that a trader's shell needs none of the secrets.
"""

from __future__ import annotations

import getpass
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from janus_common.config import environment
from janus_common.errors import Code

from janus_cli.failures import Failure, Status

STATE = ".janus"
NAME = "janus.toml"
EFFECTIVE = Path("run") / NAME  # what `janus up` writes, with the ports in use
OVERLAY = "JANUS__BUS__URL"
_NOT_TOKEN = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Account:
    """What the settings say about an account."""

    broker: str
    mode: str


@dataclass(frozen=True)
class House:
    """Where the bus is and who trades on it."""

    url: str
    source: Path
    accounts: Mapping[str, Account]
    halt_file: Path  # while it is there, the processes of this machine are halted

    def mode(self, account: str) -> str:
        """Return paper or live; empty for an account that the settings do not name."""
        found = self.accounts.get(account)
        return found.mode if found else ""


def find(state: Path | None = None, *, account: str | None = None) -> House:
    """Return the house whose stack keeps its state in ``state``, and which has ``account``.

    Without ``state``: ``.janus`` here, then beside the installation, then ``janus.toml`` here.

    Raises:
        Failure: no settings were found, or they do not say where the bus is, or they name
            accounts and not this one.
    """
    path = settings(state)
    if path is None:
        where = f"in {state}" if state else "here"
        raise Failure(
            f"no running stack was found {where}, and no janus.toml with bus.url",
            status=Status.UNREACHABLE,
            hint="janus up",
        )
    found = _read(path)
    if account is not None and found.accounts and account not in found.accounts:
        raise Failure(
            f"there is no account {account!a}",
            status=Status.USAGE,
            code=Code.UNKNOWN_ACCOUNT.value,
            hint=f"use one of {', '.join(sorted(found.accounts))}",
        )
    return found


def settings(state: Path | None = None) -> Path | None:
    """Return the settings file that verbs read, or None."""
    if state is not None:
        return _existing(state / EFFECTIVE)
    beside = Path(sys.prefix).parent / STATE / EFFECTIVE
    return _existing(Path(STATE) / EFFECTIVE, beside, Path(NAME))


def halt_file_at_start(state: Path | None = None) -> Path | None:
    """Return the file that will halt a stack of ``state`` when it starts; None: it has no folder.

    Raises:
        Failure: the settings cannot be read.
    """
    folder, path = state or Path(STATE), settings(state)
    named = _table(_toml(path), "control").get("halt_file") if path is not None else None
    if path is not None and isinstance(named, str):
        return path.parent.absolute() / named
    return folder / "halt" if folder.is_dir() else None


def not_in_use(path: Path) -> Path | None:
    """Return ``janus.toml`` here if it was changed after the stack here wrote ``path``."""
    here, effective = Path(NAME), Path(STATE) / EFFECTIVE
    if path.absolute() != effective.absolute() or not here.is_file() or not path.is_file():
        return None
    return here if here.stat().st_mtime > path.stat().st_mtime else None


def _existing(*paths: Path) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Failure(
            f"{path}: {error}", status=Status.NOT_READY, hint="janus config check"
        ) from error


def _read(path: Path) -> House:
    raw = _toml(path)
    url = environment().get(OVERLAY) or _table(raw, "bus").get("url")
    if not isinstance(url, str):
        raise Failure(
            f"{path}: bus.url is not set, so only a stack of our own can be used",
            status=Status.UNREACHABLE,
            hint="janus up",
        )
    accounts = _accounts(_table(raw, "accounts"))
    named = _table(raw, "control").get("halt_file")
    halt_file = path.parent.absolute() / (named if isinstance(named, str) else "halt")
    return House(_secret(url, path), path, accounts, halt_file)


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = raw.get(key)
    return found if isinstance(found, dict) else {}


def _accounts(raw: Mapping[str, Any]) -> dict[str, Account]:
    return {
        alias: Account(str(fields.get("broker", "")), str(fields.get("mode", "")))
        for alias, fields in raw.items()
        if isinstance(fields, dict)
    }


def _secret(url: str, path: Path) -> str:
    if url.startswith("file:"):
        return (path.parent / url.removeprefix("file:")).read_text().strip()
    return environment().get(url.removeprefix("env:"), "") if url.startswith("env:") else url


def principal() -> str:
    """Return as whom intents are sent: the user's name as a token of a subject."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = ""
    return _NOT_TOKEN.sub("-", name).strip("-")[:64] or "cli"
