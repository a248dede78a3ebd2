"""Options that several verbs share, so that they are called and explained the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from janus_common import subjects
from janus_common.errors import Code, SubjectInvalid

from janus_cli.failures import Failure, Status

Account = Annotated[str, typer.Option("-a", "--account", help="Account alias.", metavar="ACCOUNT")]
SomeAccount = Annotated[
    str | None,
    typer.Option("-a", "--account", help="Only this account.", metavar="ACCOUNT"),
]
SomeSymbol = Annotated[
    str | None,
    typer.Option("-s", "--symbol", help="Only this symbol.", metavar="SYMBOL"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]
Limit = Annotated[
    int,
    typer.Option("-n", "--limit", min=1, max=10_000, help="At most so many.", metavar="N"),
]

MAX_ID = 40  # characters; it goes to the broker as the order's reference

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "": 1.0}


def number(text: str) -> Decimal | None:
    """Return a number as people write one, perhaps not finite; None when it is none."""
    try:
        return Decimal(text) if text.isascii() and "_" not in text else None
    except InvalidOperation:
        return None


def no_number(name: str, text: str) -> Failure:
    """Return what is said of a number that is none."""
    return Failure(
        f"{name} {text!a} is not a number",
        status=Status.USAGE,
        hint="give a number such as 10 or 227.5, with a point and without commas",
    )


def order_id(text: str) -> str:
    """Return ``text`` if it can be the id of an order.

    Raises:
        Failure: it cannot.
    """
    try:
        if len(text) <= MAX_ID:
            return subjects.token(text)
    except SubjectInvalid:
        pass
    raise Failure(
        f"{text[:50]!a} is no order id",
        status=Status.USAGE,
        code=Code.INVALID_ID.value,
        hint=f"an id has 1 to {MAX_ID} letters, digits, dashes and underscores",
    )


def one_account(client_order_id: str, accounts: Collection[str]) -> None:
    """Raise Failure where an id is that of several accounts' orders."""
    if len(accounts) > 1:
        raise Failure(
            f"{len(accounts)} accounts have an order {client_order_id}",
            status=Status.USAGE,
            hint=f"add -a {' or -a '.join(sorted(accounts))}",
        )


def is_duration(text: str) -> bool:
    """Whether ``text`` is a duration such as ``30s`` or ``5d``."""
    return _DURATION.fullmatch(text.strip().lower()) is not None


def seconds(text: str, *, option: str, examples: str = "30s, 5m or 2h") -> float:
    """Return a duration such as ``30s``, ``5m`` or ``1.5h`` in seconds; bare numbers are seconds.

    Raises:
        Failure: it is none.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise Failure(
            f"{option} {text!a} is no duration", status=Status.USAGE, hint=f"{option} {examples}"
        )
    return float(match[1]) * _UNITS[match[2]]
