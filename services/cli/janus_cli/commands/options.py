"""Options that several verbs share, so that they are called and explained the same everywhere."""

from __future__ import annotations

import re
from typing import Annotated

import typer

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

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "": 1.0}


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
