"""What happened, as tables: orders with their states and times, fills beside the market, checks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from janus_cli import show
from janus_cli.demo.record import Check, Told, Truth, execution_id
from janus_cli.show import Cell, Table

Row = dict[str, Any]


def orders(lives: Sequence[Sequence[Row]]) -> None:
    """Print each order with the states it went through and when."""
    rows = [_order(life) for life in lives]
    show.table(Table(show.columns("account order began states"), rows, title="Orders"))


def _order(life: Sequence[Row]) -> list[str | Cell]:
    last = life[-1]
    prices = [last[name] for name in ("stop_price", "limit_price") if last[name] is not None]
    order = " ".join([last["side"], last["qty"], last["symbol"], last["type"], *prices])
    began = life[0]["updated"]
    states: list[str] = []
    for update in life:
        done = f" {update['filled_qty']}" if update["state"] == "PARTIALLY_FILLED" else ""
        states.append(f"{update['state']}{done} +{_ms(began, update['updated'])}")
    return [last["account"], order, began[11:23], " → ".join(states)]


def _ms(began: str, moment: str) -> str:
    """Return the time between two of one day, both ISO-8601 with nanoseconds."""

    def seconds(text: str) -> Decimal:
        hours, minutes, rest = text[11:-1].split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Decimal(rest)

    return f"{(seconds(moment) - seconds(began)) * 1000:.0f} ms"


def fills(told: Told, truth: Truth) -> None:
    """Print each fill beside the market at its moment, as the venue recorded it."""
    markets = {execution_id(row["exec_id"]): row for row in truth.executions}
    rows: list[list[str | Cell]] = []
    for fill in reversed(told.fills):
        there = markets.get(fill["execution_id"], {})
        rows.append(
            [
                *(fill["executed"][11:23], fill["account"], fill["side"], fill["qty"]),
                *(fill["symbol"], fill["price"], str(there.get("bid")), str(there.get("ask"))),
                f"{fill['fee']} {fill['fee_currency']}",
            ]
        )
    titles = "executed account side >qty symbol >price >bid_then >ask_then >fee"
    show.table(Table(show.columns(titles), rows, title="\nFills, beside the venue's market then"))


def positions(told: Told) -> None:
    """Print what is held."""
    rows = [
        [row["account"], row["symbol"], row["qty"], row["average_cost"] or "-"]
        for row in told.positions
    ]
    titles = "account symbol >qty >average_cost"
    show.table(Table(show.columns(titles), rows, title="\nPositions"))


def checks(found: Sequence[Check]) -> None:
    """Print each claim and whether it holds."""
    rows: list[list[str | Cell]] = [
        [
            Cell("ok" if each.holds else "WRONG", "good" if each.holds else "bad"),
            each.claim,
            each.detail,
        ]
        for each in found
    ]
    titles = "result claim detail"
    show.table(Table(show.columns(titles), rows, title="\nChecked against the venue's own record"))
