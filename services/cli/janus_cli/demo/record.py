"""What Janus says of the story and what the venue says, side by side, and the checks. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
FINAL = {"Filled": "FILLED", "Cancelled": "CANCELED", "Inactive": "REJECTED"}


@dataclass(frozen=True)
class Told:
    """Janus' word: the ids sent and refused, the books, the positions."""

    sent: list[str]  # ids of orders that the venue must have
    refused: list[str]  # ids of orders that it must not have
    in_parts: str  # id of the order that has to be filled in parts
    orders: list[Row]
    fills: list[Row]
    positions: list[Row]
    ticks: int


@dataclass(frozen=True)
class Truth:
    """The venue's word."""

    accounts: dict[str, str]  # alias by the broker's id
    orders: list[Row]
    executions: list[Row]
    positions: list[Row]
    unnamed: frozenset[str] = frozenset()  # aliases at a broker that names no executions


@dataclass(frozen=True)
class Check:
    """One claim, and whether it holds."""

    claim: str
    holds: bool
    detail: str = ""


def checks(told: Told, truth: Truth) -> list[Check]:
    """Hold each claim of the story against the venue's record."""
    count = Counter(row["order_ref"] for row in truth.orders)
    wrong = [ref for ref in told.sent if count[ref] != 1]
    leaked = [ref for ref in told.refused if count[ref]]
    strange = [ref for ref in count if ref not in told.sent]
    accounts = {row["account"] for row in truth.orders}
    parts = sum(row["order_ref"] == told.in_parts for row in truth.executions)
    return [
        Check("ticks came in", told.ticks > 0, f"{told.ticks} ticks"),
        Check(
            f"at least 6 orders on {len(truth.accounts)} accounts",
            len(told.sent) >= 6 and len(accounts) == len(truth.accounts),
            f"{len(told.sent)} orders on {len(accounts)} accounts",
        ),
        Check("the venue has each order exactly once", not wrong, ", ".join(wrong)),
        Check("the venue never saw a refused order", not leaked, ", ".join(leaked)),
        Check("the venue has no other order", not strange, ", ".join(strange)),
        Check("the large order was filled in parts", parts > 1, f"{parts} parts"),
        _same("order states agree", _states(told.orders, told.sent), _true_states(truth)),
        _same("fills agree, with quantity, price and fee", _fills(told, truth), _executions(truth)),
        *([_sums_agree(told, truth)] if truth.unnamed else []),
        _same("positions agree", _held(told.positions), _truly_held(truth)),
        within_market(truth.executions),
    ]


def is_told(told: Told, truth: Truth) -> bool:
    """Whether all that the venue has done has reached the books and the positions."""
    named = [row for row in told.fills if row["account"] not in truth.unnamed]
    return (
        _fills(told, truth) == _executions(truth)
        and all(row["fee"] for row in named)
        and _sums(told) == _true_sums(truth)
        and _held(told.positions) == _truly_held(truth)
    )


def _sums_agree(told: Told, truth: Truth) -> Check:
    """Compare sums where parts have no names, and what one is worth may be rounded."""
    where = " and ".join(sorted(truth.unnamed))
    claim = f"fills of {where} add up to the venue's, with quantity and value"
    ours, theirs = _sums(told, truth.unnamed), _true_sums(truth, truth.unnamed)
    return _same(claim, ours, theirs)


def within_market(executions: list[Row]) -> Check:
    """Check each fill against the bid and ask at its moment."""
    outside = [
        f"{row['symbol']} {row['price']} not in {row['bid']}-{row['ask']}"
        for row in executions
        if not Decimal(row["bid"]) <= Decimal(row["price"]) <= Decimal(row["ask"])
    ]
    detail = ", ".join(outside) or f"{len(executions)} fills"
    return Check("each fill lies within the market of its moment", not outside, detail)


def execution_id(exec_id: str) -> str:
    """Return an execution's id without its revision, as Janus names it."""
    return exec_id.rpartition(".")[0]


def _same(claim: str, ours: set[tuple[str, ...]], theirs: set[tuple[str, ...]]) -> Check:
    missing = [" ".join(row) for row in sorted(theirs - ours)]
    extra = [" ".join(row) for row in sorted(ours - theirs)]
    parts = [f"only at the venue: {row}" for row in missing] + [
        f"only in Janus: {row}" for row in extra
    ]
    return Check(claim, ours == theirs, "; ".join(parts) or f"{len(ours)} of {len(theirs)}")


def _number(value: Any) -> str:
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _states(orders: list[Row], sent: list[str]) -> set[tuple[str, ...]]:
    return {
        (row["client_order_id"], row["state"], _number(row["filled_qty"]))
        for row in orders
        if row["client_order_id"] in sent
    }


def _true_states(truth: Truth) -> set[tuple[str, ...]]:
    return {
        (str(row["order_ref"]), FINAL.get(row["status"], "OPEN"), _number(row["filled"]))
        for row in truth.orders
    }


def _fills(told: Told, truth: Truth) -> set[tuple[str, ...]]:
    return {
        (
            *(row["account"], row["execution_id"], row["client_order_id"], row["symbol"]),
            *(_number(row["qty"]), _number(row["price"]), _number(row["fee"] or "-1")),
        )
        for row in told.fills
        if row["account"] not in truth.unnamed
    }


def _sums(told: Told, accounts: Collection[str] | None = None) -> set[tuple[str, ...]]:
    return _added(
        (row["account"], row["client_order_id"], row["qty"], row["price"])
        for row in told.fills
        if accounts is None or row["account"] in accounts
    )


def _true_sums(truth: Truth, accounts: Collection[str] | None = None) -> set[tuple[str, ...]]:
    return _added(
        (alias, row["order_ref"], row["qty"], row["price"])
        for row in truth.executions
        if accounts is None or truth.accounts[row["account"]] in accounts
        for alias in [truth.accounts[row["account"]]]
    )


def _added(rows: Iterable[tuple[str, str, Any, Any]]) -> set[tuple[str, ...]]:
    """Return quantity and value, to the cent, of each account's orders."""
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for account, order, qty, price in rows:
        shares, value = Decimal(str(qty)), Decimal(str(qty)) * Decimal(str(price))
        before = sums.get((account, order), (Decimal(0), Decimal(0)))
        sums[account, order] = (before[0] + shares, before[1] + value)
    return {
        (*key, _number(shares), _number(round(value, 2))) for key, (shares, value) in sums.items()
    }


def _executions(truth: Truth) -> set[tuple[str, ...]]:
    return {
        (
            *(truth.accounts[row["account"]], execution_id(row["exec_id"]), row["order_ref"]),
            *(row["symbol"], _number(row["qty"]), _number(row["price"]), _number(row["fee"])),
        )
        for row in truth.executions
        if truth.accounts[row["account"]] not in truth.unnamed
    }


def _held(positions: list[Row]) -> set[tuple[str, ...]]:
    return {(row["account"], row["symbol"], _number(row["qty"])) for row in positions}


def _truly_held(truth: Truth) -> set[tuple[str, ...]]:
    return {
        (truth.accounts[row["account"]], row["symbol"], _number(row["qty"]))
        for row in truth.positions
    }
