"""Webull's part of the stack: its worker's interpreter, who shares one worker, keys for the venue."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from pathlib import Path

from janus_common.config import Config, WebullAccount

from janus_cli.stack.folders import StateFolder, write_private
from janus_cli.stack.ports import HOST
from janus_cli.stack.spec import StackError

PORT, EVENTS_PORT = "venue webull", "venue webull events"
KEY_FILE, SECRET_FILE, KEYS_FILE = "webull.key", "webull.secret", "webull.keys"
HOME = Path(__file__).parents[3] / "webull_worker"
INTERPRETER = HOME / ".venv/bin/python"


def accounts(config: Config) -> dict[str, WebullAccount]:
    """Return Webull's accounts by alias."""
    return {
        alias: account
        for alias, account in config.accounts.items()
        if isinstance(account, WebullAccount)
    }


def on_venue(config: Config) -> dict[str, WebullAccount]:
    """Return those that trade on the stack's paper venue."""
    return {
        alias: account
        for alias, account in accounts(config).items()
        if account.mode == "paper" and not account.has_address
    }


def crews(config: Config) -> list[list[str]]:
    """Return the aliases that share a worker, as they share an app key and its rate limits."""
    found: dict[tuple[str | None, str | None, str], list[str]] = {}
    for alias, account in accounts(config).items():
        shared = (account.app_key, account.endpoint, account.mode)
        found.setdefault(shared, []).append(alias)
    return list(found.values())


def address(ports: Mapping[str, int], beside: Path) -> dict[str, str]:
    """Return where the venue is, and the references to a key for it; files lie ``beside`` one."""
    return {
        "endpoint": f"http://{HOST}:{ports[PORT]}",
        "events_endpoint": f"http://{HOST}:{ports[EVENTS_PORT]}",
        "app_key": f"file:{beside.with_name(KEY_FILE)}",
        "app_secret": f"file:{beside.with_name(SECRET_FILE)}",
    }


def make_keys(config: Config, folder: StateFolder) -> None:
    """Write a key for the accounts on the venue that have none, and all that the venue accepts."""
    key, secret = f"paper{secrets.token_hex(8)}", secrets.token_hex(24)
    write_private(folder.run / KEY_FILE, key)
    write_private(folder.run / SECRET_FILE, secret)
    owned: dict[tuple[str, str], list[str]] = {}
    for account in on_venue(config).values():
        pair = (str(account.app_key or key), str(account.app_secret or secret))
        owned.setdefault(pair, []).append(account.account_id)
    lines = [f"{key}:{secret}:{'+'.join(ids)}\n" for (key, secret), ids in owned.items()]
    write_private(folder.run / KEYS_FILE, "".join(lines))


def venue_options(ports: Mapping[str, int], folder: StateFolder) -> tuple[str, ...]:
    """Return the words that let the venue speak as Webull."""
    if PORT not in ports:
        return ()
    return (
        *("--webull", f"{HOST}:{ports[PORT]}"),
        *("--webull-events", f"{HOST}:{ports[EVENTS_PORT]}"),
        *("--webull-keys", f"file:{folder.run / KEYS_FILE}"),
    )


def python() -> tuple[str, ...]:
    """Return how the worker is started, before its own words."""
    return (str(INTERPRETER), "-P", "-m", "janus_webull_worker")


async def check_installed(interpreter: Path = INTERPRETER) -> None:
    """Refuse to start a worker without its own interpreter.

    Raises:
        StackError: there is none; the others are not concerned.
    """
    if not await asyncio.to_thread(interpreter.exists):
        raise StackError(
            f"Webull's worker is not installed: there is no {interpreter}",
            hint="it needs Python 3.11; install that, then run bin/setup",
        )
