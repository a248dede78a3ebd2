"""The demo's checks find what they are there to find: each claim is broken once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from janus_cli.demo.record import Told, Truth, checks

REFS = [f"o-{number}" for number in range(6)]


def order(ref, account, **fields):
    return {
        "order_ref": ref,
        "account": account,
        "status": "Filled",
        "filled": 10,
    } | fields


def execution(ref, account, **fields):
    return {
        "exec_id": f"e-{ref}.01",
        "order_ref": ref,
        "account": account,
        "symbol": "AAPL",
        "qty": 10,
        "price": 100.5,
        "fee": 1,
        "bid": 100.4,
        "ask": 100.5,
    } | fields


def filled(ref, du, alias):
    """Return the executions of one order at the venue, and its fills in Janus' books."""
    parts = [("a", 4), ("b", 6)] if ref == "o-0" else [("a", 10)]
    there = [execution(ref, du, exec_id=f"e-{ref}-{part}.01", qty=qty) for part, qty in parts]
    here = [
        {
            "account": alias,
            "execution_id": f"e-{ref}-{part}",
            "client_order_id": ref,
            "symbol": "AAPL",
            "qty": str(qty),
            "price": "100.50",
            "fee": "1.00",
        }
        for part, qty in parts
    ]
    return there, here


def accounts():
    return [("DU1", "ib-main") if number % 2 else ("DU2", "ib-alt") for number in range(6)]


FILLED = [filled(ref, *names) for ref, names in zip(REFS, accounts(), strict=True)]
TRUTH = Truth(
    accounts={"DU1": "ib-main", "DU2": "ib-alt"},
    orders=[order(ref, du) for ref, (du, _) in zip(REFS, accounts(), strict=True)],
    executions=[each for there, _ in FILLED for each in there],
    positions=[
        {"account": "DU1", "symbol": "AAPL", "qty": 30},
        {"account": "DU2", "symbol": "AAPL", "qty": 30},
    ],
)
TOLD = Told(
    sent=REFS,
    refused=["r-1"],
    in_parts="o-0",
    orders=[{"client_order_id": ref, "state": "FILLED", "filled_qty": "10"} for ref in REFS],
    fills=[each for _, here in FILLED for each in here],
    positions=[
        {"account": "ib-main", "symbol": "AAPL", "qty": "30"},
        {"account": "ib-alt", "symbol": "AAPL", "qty": "30"},
    ],
    ticks=5,
)

BROKEN = {
    "ticks came in": (replace(TOLD, ticks=0), TRUTH),
    "at least 6 orders on 2 accounts": (replace(TOLD, sent=REFS[:5]), TRUTH),
    "the venue has each order exactly once": (
        TOLD,
        replace(TRUTH, orders=[*TRUTH.orders, order("o-1", "DU1")]),
    ),
    "the venue never saw a refused order": (
        TOLD,
        replace(TRUTH, orders=[*TRUTH.orders, order("r-1", "DU1")]),
    ),
    "the venue has no other order": (
        TOLD,
        replace(TRUTH, orders=[*TRUTH.orders, order("stray", "DU1")]),
    ),
    "the large order was filled in parts": (replace(TOLD, in_parts="o-1"), TRUTH),
    "order states agree": (
        replace(TOLD, orders=[*TOLD.orders[1:], TOLD.orders[0] | {"state": "WORKING"}]),
        TRUTH,
    ),
    "fills agree, with quantity, price and fee": (replace(TOLD, fills=TOLD.fills[1:]), TRUTH),
    "positions agree": (replace(TOLD, positions=TOLD.positions[1:]), TRUTH),
    "each fill lies within the market of its moment": (
        TOLD,
        replace(TRUTH, executions=[execution("o-0", "DU2", bid=101), *TRUTH.executions[1:]]),
    ),
}


def test_a_true_story_passes_every_check():
    assert [check.claim for check in checks(TOLD, TRUTH) if not check.holds] == []


@pytest.mark.parametrize(
    ("claim", "told", "truth"), [(c, *b) for c, b in BROKEN.items()], ids=list(BROKEN)
)
def test_a_broken_claim_is_found(claim, told, truth):
    failed = [check.claim for check in checks(told, truth) if not check.holds]

    assert claim in failed


def test_every_claim_is_broken_by_a_test():
    assert {check.claim for check in checks(TOLD, TRUTH)} == set(BROKEN)
