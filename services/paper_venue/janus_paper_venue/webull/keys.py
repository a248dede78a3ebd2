"""Who may call the Webull face: app keys with their secrets and accounts, as the operator gave them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from janus_common.config import Secret
from janus_common.errors import ConfigError

OPTION = "--webull-keys"
FORM = "KEY:SECRET:ACCOUNT[+ACCOUNT], or file:PATH with one of these a line"
KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
SECRET = re.compile(r"[!-~]{1,128}")
ACCOUNT = re.compile(r"[A-Z0-9]{4,32}")


class AppKey(msgspec.Struct, frozen=True, kw_only=True):
    """One app key: all accounts that it may see, in the order in which they were given."""

    number: int  # from 1, in the order in which they were given
    key: str
    secret: Secret
    accounts: tuple[str, ...]


def read_keys(text: str) -> Mapping[str, AppKey]:
    """Return the app keys that ``text`` gives, by key.

    ``file:PATH`` keeps secrets off the command line, where everybody on the machine sees them.

    Raises:
        ConfigError: it is not of that form, or names a key or an account twice.
    """
    found: dict[str, AppKey] = {}
    owners: dict[str, str] = {}
    for number, entry in enumerate(_entries(text), 1):
        one = _read(entry, number)
        if one.key in found:
            raise ConfigError(f"{OPTION}: the key {one.key!r} is given twice")
        found[one.key] = one
        for account in one.accounts:
            if account in owners:
                raise ConfigError(f"{OPTION}: account {account!r} is given twice")
            owners[account] = one.key
    if not found:
        raise ConfigError(f"{OPTION}: at least one app key is needed: {FORM}")
    return found


def _entries(text: str) -> list[str]:
    kind, _, where = text.partition(":")
    if kind != "file":
        return [part.strip() for part in text.split(",") if part.strip()]
    path = Path(where)
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"{OPTION} {text}: cannot read {path}: {reason}") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _read(entry: str, number: int) -> AppKey:
    """Return one app key; errors never show its secret."""
    key, _, rest = entry.partition(":")
    secret, _, accounts = rest.rpartition(":")
    names = tuple(accounts.split("+"))
    where = f"{OPTION}: app key {number}"
    if not KEY.fullmatch(key) or not SECRET.fullmatch(secret):
        raise ConfigError(f"{where} is not of the form {FORM}")
    for name in names:
        if not ACCOUNT.fullmatch(name):
            raise ConfigError(
                f"{where}: {name[:40]!r} is no account id: 4 to 32 capital letters and digits"
            )
    return AppKey(number=number, key=key, secret=Secret(secret), accounts=names)
