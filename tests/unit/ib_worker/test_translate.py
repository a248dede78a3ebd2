"""IB's objects into ours and back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from ib_async.contract import Contract
from ib_async.objects import CommissionReport, Execution
from ib_async.order import Order, OrderState
from janus_common.errors import Code
from janus_common.messages import Instrument, Side, Tif
from janus_common.orders import Word
from janus_common.symbols import AssetClass
from janus_ib_worker import translate
from janus_ib_worker.translate import Ours

from tests.unit.worker.test_orders import order

OURS = Ours(11)
AAPL = Contract(conId=265598, symbol="AAPL", secType="STK", currency="USD", exchange="SMART")


def test_an_order_says_all_that_presets_would_fill_in():
    found = translate.order_for(order(tif=Tif.GTC, outside_rth=True, side=Side.SELL), account="DU1")

    assert (found.tif, found.account, found.orderRef, found.outsideRth, found.transmit) == (
        "GTC",
        "DU1",
        "c-1",
        True,
        True,
    )
    assert (found.action, found.totalQuantity) == ("SELL", 10)


def test_a_contract_to_trade_is_its_con_id_and_its_exchange():
    wanted = Instrument(
        symbol="ES.2612", asset_class=AssetClass.FUTURE, ib_conid=42, ib_exchange="CME"
    )

    found = translate.contract_for(wanted)

    assert (found.conId, found.exchange) == (42, "CME")


@pytest.mark.parametrize(
    ("word", "heard"),
    [
        ("PendingSubmit", Word.ACKNOWLEDGED),
        ("PreSubmitted", Word.WORKING),
        ("Submitted", Word.WORKING),
        ("PendingCancel", Word.CANCEL_ASKED),
        ("Cancelled", Word.CANCELED),
        ("ApiCancelled", Word.CANCELED),
        ("Filled", Word.FILLED),
        ("Inactive", Word.ACKNOWLEDGED),
        ("ValidationError", None),
        ("SomethingNew", None),
    ],
)
def test_a_status_is_a_word(word, heard):
    found = translate.status("11.5", word, filled=0, average=0, perm_id=77, why_held="")

    assert found.word is heard
    assert (found.session_order_id, found.venue_order_id) == ("11.5", "77")
    assert found.average_price is None


def test_a_status_tells_what_is_filled():
    found = translate.status(
        "11.5", "Submitted", filled=4.0, average=187.42, perm_id=0, why_held=""
    )

    assert (found.filled_qty, found.average_price) == (Decimal(4), Decimal("187.42"))
    assert found.venue_order_id == ""
    assert found.is_free


def test_a_share_that_is_held_says_why():
    found = translate.status(
        "11.5", "PreSubmitted", filled=0, average=0, perm_id=1, why_held="locate"
    )

    assert (found.reason, found.is_free) == ("held: locate", False)


@pytest.mark.parametrize("word", ["PendingCancel", "Cancelled", "Filled"])
def test_why_an_order_was_held_is_not_why_it_ends(word):
    found = translate.status("11.5", word, filled=0, average=0, perm_id=1, why_held="trigger")

    assert found.reason == ""


@pytest.mark.parametrize(
    ("code", "word", "our_code", "is_unclear"),
    [
        (201, Word.REFUSED, Code.BROKER_REJECTED, True),
        (110, Word.REFUSED, Code.BROKER_REJECTED, True),
        (200, Word.REFUSED, Code.BROKER_REJECTED, True),
        (321, Word.REFUSED, Code.BROKER_REJECTED, True),
        (202, Word.CANCELED, None, False),
        (161, Word.CANCEL_REFUSED, None, True),
        (10148, Word.CANCEL_REFUSED, None, True),
        (10147, None, None, True),
        (103, None, None, True),
        (462, Word.REPLACE_REFUSED, None, True),
        (399, None, None, False),
        (10349, None, None, False),
        (2109, None, None, False),
        (2148, None, None, False),
        (98765, None, None, True),
    ],
)
def test_an_error_code_does_what_the_table_says(code, word, our_code, is_unclear):
    found = translate.error("11.5", code, "some <br>text")

    assert (found.word, found.code, found.is_unclear) == (word, our_code, is_unclear)
    assert found.reason == f"some text (IB {code})"


def opened(**more):
    fields: dict[str, Any] = {
        "orderId": 5,
        "clientId": 11,
        "permId": 77,
        "action": "SELL",
        "totalQuantity": 10.0,
        "orderType": "LMT",
        "lmtPrice": 187.4,
        "tif": "GTC",
        "orderRef": "c-1",
    }
    return translate.opened(AAPL, Order(**(fields | more)), OrderState(status="Submitted"), OURS)


def test_an_open_order_of_ours_is_known_by_our_reference():
    found = opened()

    assert (found.client_order_id, found.session_order_id, found.is_foreign) == (
        "c-1",
        "11.5",
        False,
    )
    assert found.terms.limit_price == Decimal("187.4")
    assert found.terms.stop_price is None


@pytest.mark.parametrize(
    "more",
    [{"clientId": 12}, {"orderRef": ""}, {"orderRef": "by hand!"}, {"clientId": 0, "orderId": -3}],
    ids=["another client", "no reference", "no reference of ours", "made by hand"],
)
def test_an_open_order_that_we_did_not_send_is_foreign(more):
    found = opened(**more)

    assert found.is_foreign
    assert found.client_order_id == ""
    assert found.venue_order_id == "77"


def test_a_completed_order_is_known_by_our_reference_alone():
    state = OrderState(status="Cancelled", completedStatus="Cancelled by Trader")
    found = translate.completed(AAPL, Order(orderRef="c-1", permId=77, filledQuantity=3.0), state)

    assert (found.client_order_id, found.word, found.filled_qty) == (
        "c-1",
        Word.CANCELED,
        Decimal(3),
    )
    assert found.reason == "Cancelled by Trader"


def test_an_execution_is_keyed_without_its_revision():
    done = Execution(
        execId="0000e0d5.67fe667b.01.02",
        time=dt.datetime(2026, 11, 20, 15, 0, 7, tzinfo=dt.UTC),
        side="SLD",
        shares=3.0,
        price=187.42,
        permId=77,
        clientId=11,
        orderId=5,
        orderRef="c-1",
        exchange="IEX",
    )

    found = translate.execution(AAPL, done, OURS, now_ns=9)

    assert (found.execution_id, found.revision) == ("0000e0d5.67fe667b.01", 2)
    assert (found.side, found.qty, found.price) == (
        Side.SELL,
        Decimal(3),
        Decimal("187.42"),
    )
    assert found.executed_ns == 1_795_186_807 * 1_000_000_000
    assert (found.symbol, found.client_order_id) == ("AAPL", "c-1")


def test_an_execution_of_another_client_is_foreign():
    done = Execution(
        execId="a.1",
        time=dt.datetime.now(dt.UTC),  # noqa: TID251
        side="BOT",
        shares=1.0,
        price=9.5,
        permId=5,
        clientId=3,
    )

    found = translate.execution(AAPL, done, OURS, now_ns=9)

    assert (found.client_order_id, found.is_foreign) == ("foreign-5", True)


def test_a_fee_without_realized_profit_says_none():
    report = CommissionReport("a.b.01.01", 1.05, "USD", 1.7976931348623157e308)

    found = translate.fee(report, now_ns=9)

    assert found is not None
    assert (found.fee, found.realized_pnl, found.revision) == (Decimal("1.05"), None, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b.01.02", ("a.b.01", 2)),
        ("plain", ("plain", 1)),
        ("a.b.xy", ("a.b.xy", 1)),
        ("a.b.c.01.10", ("a.b.c.01", 10)),
    ],
)
def test_an_execution_id_is_split(text, expected):
    assert translate.split_execution_id(text) == expected


def test_the_cost_of_a_future_is_a_price():
    contract = Contract(
        conId=1, symbol="ES", secType="FUT", multiplier="50", localSymbol="ESZ6",
        lastTradeDateOrContractMonth="20261218", currency="USD",
    )  # fmt: skip

    found = translate.position(contract, 2.0, 300_002.5, now_ns=9)

    assert (found.symbol, found.average_cost, found.multiplier) == (
        "ES.2612",
        Decimal("6000.05"),
        Decimal(50),
    )


@pytest.mark.parametrize(
    ("text", "order_id"), [("11.5", 5), ("12.5", None), ("", None), (None, None), ("11.x", None)]
)
def test_only_our_session_ids_have_an_order_id(text, order_id):
    assert OURS.order_id(text) == order_id
