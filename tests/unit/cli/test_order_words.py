"""What is said of an order, and when that is a failure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from janus_cli import order_words
from janus_cli.failures import Status
from janus_common.errors import Code
from janus_common.messages import Margin, OrderState, OrderType, Outcome, Side, Tif

from tests.support.messages import instrument, intent
from tests.unit.cli.samples import order, placed

S = OrderState


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "BUY 10 AAPL MKT GTC"),
        ({"type": OrderType.LIMIT, "limit_price": Decimal("185.50")}, "BUY 10 AAPL LMT 185.5 GTC"),
        (
            {"type": OrderType.STOP, "stop_price": Decimal(180), "side": Side.SELL},
            "SELL 10 AAPL STP 180 GTC",
        ),
        (
            {
                "type": OrderType.STOP_LIMIT,
                "stop_price": Decimal(180),
                "limit_price": Decimal(179),
                "tif": Tif.DAY,
            },
            "BUY 10 AAPL STP LMT 180 179 DAY",
        ),
        (
            {"type": OrderType.TRAILING_STOP, "trail_percent": Decimal(2)},
            "BUY 10 AAPL TRAIL 2% GTC",
        ),
        (
            {
                "type": OrderType.TRAILING_STOP_LIMIT,
                "trail_amount": Decimal("1.5"),
                "stop_price": Decimal(180),
                "limit_offset": Decimal("0.1"),
            },
            "BUY 10 AAPL TRAIL LMT 1.5 from 180 limit 0.1 off GTC",
        ),
        ({"type": OrderType.MARKET_ON_CLOSE}, "BUY 10 AAPL MOC GTC"),
        (
            {
                "type": OrderType.LIMIT_IF_TOUCHED,
                "stop_price": Decimal(180),
                "limit_price": Decimal(181),
                "tif": Tif.GTD,
                "good_till_ns": 1_796_137_200_000_000_000,
            },
            "BUY 10 AAPL LIT 180 181 GTD 2026-12-01T15:00:00Z",
        ),
    ],
    ids=["market", "limit", "stop", "stop-limit", "trail", "trail-limit", "close", "touched"],
)
def test_an_order_is_described_in_one_breath(fields, words):
    assert order_words.described(intent(**fields)) == words


FILLED = order(state=S.FILLED, filled_qty=Decimal(10), average_price=Decimal("189.21"))
PARTLY = order(state=S.PARTIALLY_FILLED, filled_qty=Decimal(3), average_price=Decimal("189.2"))
REJECTED = order(state=S.REJECTED, reason="201: not enough margin", code=Code.BROKER_REJECTED)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (FILLED, "filled 10 @ 189.21"),
        (PARTLY, "partially filled, 3 of 10 filled @ 189.2"),
        (REJECTED, "rejected: 201: not enough margin"),
        (order(state=S.CANCEL_PENDING), "cancel pending"),
    ],
    ids=["filled", "partly", "rejected", "cancel-pending"],
)
def test_a_state_is_told_with_what_is_filled_and_why(known, words):
    assert order_words.state(known) == words


@pytest.mark.parametrize(
    ("what", "line"),
    [
        (placed(FILLED), "PAPER ib-main BUY 10 AAPL MKT GTC → filled 10 @ 189.21 (42 ms) id c-1"),
        (
            placed(order(), waited=False),
            "PAPER ib-main BUY 10 AAPL MKT GTC → accepted (42 ms) id c-1",
        ),
        (
            placed(FILLED, replayed=True, mode="live"),
            (
                "LIVE ib-main BUY 10 AAPL MKT GTC → filled 10 @ 189.21, the outcome of the first time "
                "(42 ms) id c-1"
            ),
        ),
        (
            placed(
                intent=intent(client_order_id="c-1", dry_run=True), mode="", instrument=instrument()
            ),
            (
                "ib-main BUY 10 AAPL MKT GTC → dry run: it would be sent, AAPL: conId 265598, exchange "
                "SMART, currency USD, price step 0.01 (42 ms) id c-1"
            ),
        ),
    ],
    ids=["filled", "not-waited", "again-live", "dry-run"],
)
def test_one_line_tells_mode_account_order_outcome_time_and_id(what, line):
    assert order_words.line(what) == line


DENIED: dict[str, Any] = {
    "outcome": Outcome.DENIED,
    "code": Code.INVALID_QTY,
    "reason": "qty 0",
    "hint": "use 1",
}
LOST: dict[str, Any] = {"outcome": Outcome.UNKNOWN, "reason": "no answer"}


@pytest.mark.parametrize(
    ("what", "status"),
    [
        (placed(FILLED), None),
        (placed(order()), None),
        (placed(order(state=S.CANCELED)), None),
        (placed(order(state=S.EXPIRED)), None),
        (placed(order(state=S.SENDING), waited=False), None),
        (placed(**DENIED), Status.REJECTED),
        (placed(**DENIED | {"code": Code.HALTED}), Status.HALTED),
        (placed(**DENIED | {"code": Code.ACCOUNT_NOT_READY}), Status.NOT_READY),
        (placed(**DENIED | {"code": Code.REGISTRY_DOWN}), Status.UNREACHABLE),
        (placed(REJECTED), Status.REJECTED),
        (placed(order(state=S.DENIED, code=Code.HALTED)), Status.HALTED),
        (placed(**LOST), Status.UNKNOWN),
        (placed(order(state=S.SENDING), **LOST), Status.UNKNOWN),
        (placed(order(state=S.UNKNOWN)), Status.UNKNOWN),
        (placed(order(state=S.SENDING)), Status.UNKNOWN),
        (placed(FILLED, **LOST), None),
        (placed(intent=intent(dry_run=True)), None),
    ],
)
def test_what_became_of_an_order_decides_the_status(what, status):
    failed = order_words.failure(what)

    assert (failed and failed.status) == status


def hint_of(what):
    failed = order_words.failure(what)
    assert failed is not None
    return failed.hint


def test_a_refusal_names_the_cure_or_else_where_to_look():
    nowhere, recorded = placed(**DENIED | {"hint": None}), placed(REJECTED)

    assert hint_of(placed(**DENIED)) == "use 1"
    assert hint_of(nowhere) == "nothing was sent; see janus buy --help"
    assert hint_of(recorded) == "janus orders show c-1"


def test_an_unknown_outcome_says_that_the_same_id_is_safe():
    hint = hint_of(placed(**LOST))

    assert hint.startswith("janus orders show c-1")
    assert "--id c-1 is safe" in hint


MARGIN = Margin(
    initial_change=Decimal("946.05"), fee=Decimal(1), fee_max=Decimal("1.5"), currency="USD"
)


@pytest.mark.parametrize(
    ("margin", "words"),
    [
        (MARGIN, "; initial margin 946.05, fee 1 to 1.5 USD (42 ms)"),
        (Margin(), "; the broker names no figures (42 ms)"),
        (Margin(fee=Decimal(1), warning="is large"), "; fee 1; is large (42 ms)"),
        (None, "price step 0.01 (42 ms)"),
    ],
    ids=["figures", "none", "warning", "not asked"],
)
def test_a_dry_run_tells_what_the_order_would_need(margin, words):
    asked = placed(None, intent=intent(dry_run=True), margin=margin, instrument=instrument())

    assert words in order_words.line(asked)


def test_a_dry_run_that_nobody_answered_is_not_in_doubt():
    asked = placed(
        None,
        intent=intent(dry_run=True),
        outcome=Outcome.UNKNOWN,
        reason="dry run: nothing was sent, and what it would cost is not known",
    )

    found = order_words.failure(asked)

    assert found is not None
    assert (found.status, found.code) == (Status.NOT_READY, "NO_ANSWER")
    assert "nothing was sent" in found.reason
