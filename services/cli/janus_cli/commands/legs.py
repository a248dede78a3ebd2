"""``--take-profit`` and ``--stop-loss``: the exits that are sent together with an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer
from janus_common import client
from janus_common.messages import Leg

from janus_cli.commands import options
from janus_cli.failures import Failure, Status

TakeProfit = Annotated[
    str | None,
    typer.Option("--take-profit", help="Exit at this price or better.", metavar="PRICE"),
]
StopLoss = Annotated[
    str | None,
    typer.Option(
        "--stop-loss",
        help="Exit once the market reaches STOP; with LIMIT then at LIMIT or better.",
        metavar="STOP[:LIMIT]",
    ),
]


def of(take_profit: str | None, stop_loss: str | None) -> list[Leg]:
    """Return the legs that the two options ask for."""
    stop, _, limit = (stop_loss or "").partition(":")
    return client.legs(
        take_profit=None if take_profit is None else _price("--take-profit", take_profit),
        stop_loss=None if stop_loss is None else _price("--stop-loss", stop),
        stop_limit=_price("--stop-loss", limit) if ":" in (stop_loss or "") else None,
    )


def _price(option: str, text: str) -> Decimal:
    found = options.number(text)
    if found is None or not found.is_finite():
        raise Failure(
            f"{option}: {text!a} is not a price",
            status=Status.USAGE,
            hint="nothing was sent; give a price, or STOP:LIMIT to --stop-loss",
        )
    return found
