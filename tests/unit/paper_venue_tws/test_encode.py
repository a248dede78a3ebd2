"""Every server message reads back through the real decoder of ib_async."""

import logging
from datetime import UTC
from decimal import Decimal
from typing import Any, cast

import ib_async
import pytest
from ib_async.decoder import Decoder
from janus_paper_venue.tws import encode, encode_orders
from janus_paper_venue.tws.encode_orders import Executed, Preview, Sent
from janus_paper_venue.tws.wire import UNSET_DOUBLE, FrameReader, unframe

from tests.unit.paper_venue_tws.test_decode import ORDERS, STOCK, sent_order

VERSIONS = [176, 178]
AAPL = ["265598", "AAPL", "STK", "", "0", "?", "", "SMART", "USD", "AAPL", "NMS"]


class Heard:
    """A wrapper that keeps the calls of the decoder."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []
        self.ib = ib_async.IB()
        self.defaultTimezone = UTC

    def __getattr__(self, name: str):
        return lambda *args: self.calls.append((name, *args))


@pytest.fixture
def heard(caplog):
    """Return a function that decodes frames with ib_async and gives the one call they make."""
    caplog.set_level(logging.ERROR)

    def read(data: bytes, version: int = 178) -> tuple:
        wrapper = Heard()
        decoder = Decoder(cast("Any", wrapper), version)
        for fields in FrameReader().feed(data):
            decoder.interpret(fields)
        assert not caplog.records, caplog.text
        [call] = wrapper.calls
        return call

    return read


PLAIN = {
    "error": (encode.error(3, 200, "no"), (3, 200, "no", "")),
    "managedAccounts": (encode.managed_accounts(["DU1", "DU2"]), ("DU1,DU2",)),
    "nextValidId": (encode.next_valid_id(7), (7,)),
    "currentTime": (encode.current_time(1_700_000_000), (1_700_000_000,)),
    "userInfo": (encode.user_info(3), (3, "")),
    "updateAccountValue": (
        encode.account_value("BuyingPower", "5.00", "USD", account="DU1"),
        ("BuyingPower", "5.00", "USD", "DU1"),
    ),
    "updateAccountTime": (encode.account_time("10:30"), ("10:30",)),
    "accountDownloadEnd": (encode.account_download_end("DU1"), ("DU1",)),
    "positionEnd": (encode.position_end(), ()),
    "positionMultiEnd": (encode.position_multi_end(3), (3,)),
    "accountSummary": (
        encode.account_summary(3, "DU1", tag="NetLiquidation", value="1", currency="USD"),
        (3, "DU1", "NetLiquidation", "1", "USD"),
    ),
    "accountSummaryEnd": (encode.account_summary_end(3), (3,)),
    "accountUpdateMulti": (
        encode.account_update_multi(3, "DU1", model="", key="Cash", value="1", currency="USD"),
        (3, "DU1", "", "Cash", "1", "USD"),
    ),
    "accountUpdateMultiEnd": (encode.account_update_multi_end(3), (3,)),
    "pnl": (encode.pnl(3, daily=1, unrealized=None, realized=2), (3, 1.0, float(UNSET_DOUBLE), 2)),
    "pnlSingle": (
        encode.pnl_single(3, quantity=1, daily=2, unrealized=3, realized=4, value=5),
        (3, 1.0, 2.0, 3.0, 4.0, 5.0),
    ),
    "contractDetailsEnd": (encode.contract_details_end(3), (3,)),
    "securityDefinitionOptionParameter": (
        encode.option_params(
            3,
            exchange="SMART",
            underlying_con_id=265598,
            trading_class="AAPL",
            multiplier="100",
            expirations=["20270115"],
            strikes=[Decimal(200), Decimal("202.5")],
        ),
        (3, "SMART", "265598", "AAPL", "100", ["20270115"], [200.0, 202.5]),
    ),
    "securityDefinitionOptionParameterEnd": (encode.option_params_end(3), (3,)),
    "softDollarTiers": (encode.soft_dollar_tiers(3), (3, [])),
    "mktDepthExchanges": (encode.depth_exchanges(), ([],)),
    "newsProviders": (encode.news_providers(), ([],)),
    "marketDataType": (encode.market_data_type(3, 1), (3, 1)),
    "tickReqParams": (
        encode.tick_req_params(3, min_tick=Decimal("0.01"), bbo_exchange="a6"),
        (3, 0.01, "a6", 3),
    ),
    "tickSnapshotEnd": (encode.tick_snapshot_end(3), (3,)),
    "tickString": (encode.tick_string(3, 45, "1700000000"), (3, 45, "1700000000")),
    "tickGeneric": (encode.tick_generic(3, 49, 0), (3, 49, 0.0)),
    "realtimeBar": (
        encode.real_time_bar(3, epoch_s=5, values=[1, 2, 3, 4, 5, 6, 7]),
        (3, 5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7),
    ),
    "headTimestamp": (encode.head_timestamp(3, "20200101-00:00:00"), (3, "20200101-00:00:00")),
    "tickByTickMidPoint": (encode.tick_by_tick(3, 4, epoch_s=5, rest=["1.5"]), (3, 5, 1.5)),
    "completedOrdersEnd": (encode_orders.completed_orders_end(), ()),
    "openOrderEnd": (encode_orders.open_order_end(), ()),
    "execDetailsEnd": (encode_orders.exec_details_end(3), (3,)),
    "orderStatus": (
        encode_orders.order_status(
            5,
            "Submitted",
            filled=Decimal(1),
            remaining=Decimal(2),
            average_price=Decimal("1.5"),
            perm_id=9,
            parent_id=0,
            last_price=Decimal("1.5"),
            client_id=11,
        ),
        (5, "Submitted", 1.0, 2.0, 1.5, 9, 0, 1.5, 11, "", 0.0),
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_message_arrives_as_it_was_meant(heard, name, version):
    data, args = PLAIN[name]

    assert heard(data, version) == (name, *args)


def test_the_handshake_has_two_fields():
    assert unframe(encode.handshake(178, "20261121 05:39:50 UTC")) == [
        "178",
        "20261121 05:39:50 UTC",
    ]


def test_a_portfolio_row_arrives(heard):
    name, contract, *values = heard(
        encode.portfolio_value(
            AAPL,
            "DU1",
            position=Decimal(10),
            market_price=Decimal(2),
            market_value=Decimal(20),
            average_cost=Decimal(1),
            unrealized=Decimal(10),
            realized=Decimal(0),
        )
    )

    assert (name, contract.symbol) == ("updatePortfolio", "AAPL")
    assert values == [10.0, 2.0, 20.0, 1.0, 10.0, 0.0, "DU1"]


def test_positions_arrive(heard):
    name, account, contract, quantity, cost = heard(
        encode.position("DU1", AAPL, quantity=Decimal(5), average_cost=Decimal("1.25"))
    )
    assert (name, account, contract.conId, quantity, cost) == ("position", "DU1", 265598, 5, 1.25)

    name, req_id, *_ = heard(
        encode.position_multi(3, "DU1", AAPL, quantity=Decimal(5), average_cost=Decimal(1))
    )
    assert (name, req_id) == ("positionMulti", 3)


def test_symbol_samples_arrive(heard):
    row = (265598, "AAPL", "STK", "NASDAQ.NMS", "USD", ["OPT", "CFD"], "APPLE INC", "")

    name, req_id, [found] = heard(encode.symbol_samples(3, [row]))

    assert (name, req_id, found.derivativeSecTypes) == ("symbolSamples", 3, ["OPT", "CFD"])
    assert found.contract.description == "APPLE INC"


def test_market_rules_arrive(heard):
    name, rule, rows = heard(encode.market_rule(26, [(Decimal(0), Decimal("0.01"))]))

    assert (name, rule, rows[0].increment) == ("marketRule", 26, 0.01)


def test_family_codes_and_smart_components_arrive(heard):
    assert heard(encode.family_codes(["DU1"]))[1][0].accountID == "DU1"
    assert heard(encode.smart_components(3, ["NASDAQ"]))[2][0].exchange == "NASDAQ"


def test_an_update_of_the_newest_bar_keeps_its_fields_apart(heard):
    bar = ["20261120", 1, 4, 0.5, 3, 100, 2, 9]

    _, _, read = heard(encode.historical_update(3, bar))

    assert (read.open, read.high, read.low, read.close) == (1, 4, 0.5, 3)
    assert (read.volume, read.average, read.barCount) == (100, 2, 9)


@pytest.mark.parametrize(
    ("message_id", "row", "name"),
    [
        (96, [5, "", 1.5, 1], "historicalTicks"),
        (97, [5, 0, 1.5, 1.6, 1, 2], "historicalTicksBidAsk"),
        (98, [5, 0, 1.5, 1, "NASDAQ", ""], "historicalTicksLast"),
    ],
)
def test_historical_ticks_arrive(heard, message_id, row, name):
    called, req_id, ticks, done = heard(encode.historical_ticks(message_id, 3, [row]))

    assert (called, req_id, len(ticks), done) == (name, 3, 1, True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ORDERS)
def test_an_open_order_echoes_what_was_sent(heard, name, version):
    order = ORDERS[name]
    request = sent_order(version, STOCK, order)
    echo = Sent(4, 11, 77, AAPL, request.fields)

    _, order_id, contract, read, state = heard(
        encode_orders.open_order(echo, "Submitted", version=version), version
    )

    assert (order_id, contract.conId, state.status) == (4, 265598, "Submitted")
    assert (read.clientId, read.permId) == (11, 77)
    for field in ("action", "orderType", "tif", "orderRef", "account", "totalQuantity"):
        assert getattr(read, field) == getattr(order, field), field
    assert len(read.conditions) == len(order.conditions)


@pytest.mark.parametrize(("version", "count"), [(178, 135), (176, 136)])
def test_a_plain_open_order_has_the_length_of_a_real_one(version, count):
    request = sent_order(version, STOCK, ORDERS["plain"])
    echo = Sent(4, 11, 77, AAPL, request.fields)

    fields = unframe(encode_orders.open_order(echo, "Submitted", version=version))

    assert len(fields) == count
    assert fields[61] if version == 178 else fields[62] == "None"


@pytest.mark.parametrize(("version", "count"), [(178, 100), (176, 101)])
def test_a_completed_order_arrives_without_its_ids(heard, version, count):
    request = sent_order(version, STOCK, ORDERS["plain"])
    echo = Sent(4, 11, 77, AAPL, request.fields)
    data = encode_orders.completed_order(
        echo,
        "Filled",
        version=version,
        filled=Decimal(10),
        completed="20261120 10:00:00 UTC",
        text="Filled Size: 10",
    )

    _, _, read, state = heard(data, version)

    assert len(unframe(data)) == count
    assert (read.orderId, read.clientId, read.permId) == (0, 0, 77)
    assert (read.filledQuantity, read.orderRef) == (10.0, "jn:1")
    assert (state.status, state.completedStatus) == ("Filled", "Filled Size: 10")
    assert state.completedTime == "20261120 10:00:00 UTC"


def test_a_what_if_answer_carries_margins_and_commission(heard):
    request = sent_order(178, STOCK, ORDERS["plain"])
    echo = Sent(4, 11, 77, AAPL, {**request.fields, "whatIf": "1"})
    preview = Preview(margins=tuple("123456789"), commission="1.00", currency="USD", warning="w")

    _, _, _, read, state = heard(
        encode_orders.open_order(echo, "PreSubmitted", version=178, preview=preview)
    )

    assert read.whatIf
    assert (state.initMarginBefore, state.equityWithLoanAfter) == ("1", "9")
    assert (state.commission, state.commissionCurrency, state.warningText) == (1.0, "USD", "w")


@pytest.mark.parametrize(("version", "count"), [(178, 32), (176, 31)])
def test_an_execution_arrives(heard, version, count):
    done = Executed(
        exec_id="0000e0d5.67fe667b.01.01",
        time="20261120 10:00:00 US/Eastern",
        account="DU1",
        exchange="NASDAQ",
        side="BOT",
        shares=Decimal(5),
        price=Decimal("187.5"),
        perm_id=77,
        client_id=11,
        order_id=4,
        cumulative=Decimal(5),
        average_price=Decimal("187.5"),
        order_ref="jn:1",
    )
    data = encode_orders.exec_details(-1, done, AAPL, version=version)

    name, req_id, contract, execution = heard(data, version)

    assert len(unframe(data)) == count
    assert (name, req_id, contract.conId) == ("execDetails", -1, 265598)
    assert (execution.execId, execution.shares, execution.price) == (done.exec_id, 5.0, 187.5)
    assert (execution.orderRef, execution.side, execution.lastLiquidity) == ("jn:1", "BOT", 2)


def test_a_commission_report_arrives(heard):
    _, report = heard(
        encode_orders.commission_report("e.1", commission=Decimal(1), currency="USD", realized=None)
    )

    assert (report.execId, report.commission, report.currency) == ("e.1", 1.0, "USD")
    assert report.realizedPNL == float(UNSET_DOUBLE)
