"""Every message that the real ib_async client writes reads back completely."""

import contextlib
import json
from decimal import Decimal

import ib_async
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async.client import Client
from ib_async.wrapper import Wrapper
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.cursor import RequestError, number
from janus_paper_venue.tws.decode import MESSAGES, UnknownMessage, address, decode
from janus_paper_venue.tws.wire import FrameReader

VERSIONS = [176, 178]
STOCK = ib_async.Contract(conId=265598, symbol="AAPL", secType="STK", exchange="SMART")


class Recorder(Client):
    """The real ib_async client, writing into memory instead of a socket."""

    def __init__(self, version: int) -> None:
        super().__init__(Wrapper(ib_async.IB()))
        self.connState = Client.CONNECTED
        self._serverVersion = version
        self.written = b""

    def sendMsg(self, msg: str) -> None:  # noqa: N802 - its name in ib_async
        self.written += self._prefix(msg.encode())


def sent(version: int, call: str, *args, **kwargs) -> list[str]:
    client = Recorder(version)
    getattr(client, call)(*args, **kwargs)
    [fields] = FrameReader().feed(client.written)
    return fields


CALLS: list[tuple[type[r.Request], str, tuple]] = [
    (r.MarketData, "reqMktData", (1, STOCK, "233", False, False, [])),
    (r.CancelMarketData, "cancelMktData", (1,)),
    (r.CancelOrder, "cancelOrder", (7,)),
    (r.OpenOrders, "reqOpenOrders", ()),
    (r.AccountUpdates, "reqAccountUpdates", (True, "DU1")),
    (r.Executions, "reqExecutions", (3, ib_async.ExecutionFilter())),
    (r.NextIds, "reqIds", (1,)),
    (r.ContractDetails, "reqContractDetails", (3, STOCK)),
    (r.ServerLogLevel, "setServerLogLevel", (5,)),
    (r.AutoOpenOrders, "reqAutoOpenOrders", (True,)),
    (r.AllOpenOrders, "reqAllOpenOrders", ()),
    (r.ManagedAccounts, "reqManagedAccts", ()),
    (
        r.HistoricalData,
        "reqHistoricalData",
        (3, STOCK, "", "1 D", "1 min", "TRADES", True, 1, False, []),
    ),
    (r.CancelHistoricalData, "cancelHistoricalData", (3,)),
    (r.CurrentTime, "reqCurrentTime", ()),
    (r.RealTimeBars, "reqRealTimeBars", (3, STOCK, 5, "TRADES", False, [])),
    (r.CancelRealTimeBars, "cancelRealTimeBars", (3,)),
    (r.GlobalCancel, "reqGlobalCancel", ()),
    (r.MarketDataType, "reqMarketDataType", (3,)),
    (r.Positions, "reqPositions", ()),
    (r.AccountSummary, "reqAccountSummary", (3, "All", "NetLiquidation,BuyingPower")),
    (r.CancelAccountSummary, "cancelAccountSummary", (3,)),
    (r.CancelPositions, "cancelPositions", ()),
    (r.StartApi, "startApi", ()),
    (r.PositionsMulti, "reqPositionsMulti", (3, "DU1", "")),
    (r.CancelPositionsMulti, "cancelPositionsMulti", (3,)),
    (r.AccountUpdatesMulti, "reqAccountUpdatesMulti", (3, "DU1", "", False)),
    (r.CancelAccountUpdatesMulti, "cancelAccountUpdatesMulti", (3,)),
    (r.OptionParams, "reqSecDefOptParams", (3, "AAPL", "", "STK", 265598)),
    (r.SoftDollarTiers, "reqSoftDollarTiers", (3,)),
    (r.FamilyCodes, "reqFamilyCodes", ()),
    (r.MatchingSymbols, "reqMatchingSymbols", (3, "AA")),
    (r.DepthExchanges, "reqMktDepthExchanges", ()),
    (r.SmartComponents, "reqSmartComponents", (3, "a6")),
    (r.NewsProviders, "reqNewsProviders", ()),
    (r.HeadTimestamp, "reqHeadTimeStamp", (3, STOCK, "TRADES", True, 1)),
    (r.CancelHeadTimestamp, "cancelHeadTimeStamp", (3,)),
    (r.MarketRule, "reqMarketRule", (26,)),
    (r.Pnl, "reqPnL", (3, "DU1", "")),
    (r.CancelPnl, "cancelPnL", (3,)),
    (r.PnlSingle, "reqPnLSingle", (3, "DU1", "", 265598)),
    (r.CancelPnlSingle, "cancelPnLSingle", (3,)),
    (
        r.HistoricalTicks,
        "reqHistoricalTicks",
        (3, STOCK, "", "", 10, "TRADES", True, False, []),
    ),
    (r.TickByTick, "reqTickByTickData", (3, STOCK, "BidAsk", 0, True)),
    (r.CancelTickByTick, "cancelTickByTickData", (3,)),
    (r.CompletedOrders, "reqCompletedOrders", (False,)),
    (r.UserInfo, "reqUserInfo", (3,)),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("kind", "call", "args"), CALLS, ids=[row[1] for row in CALLS])
def test_a_request_of_ib_async_reads_completely(kind, call, args, version):
    fields = sent(version, call, *args)

    request = decode(fields, version)

    assert type(request) is kind
    if isinstance(request, r.Numbered):
        assert request.req_id == args[0] == address(fields)


def test_a_combo_subscription_reads_its_legs():
    bag = ib_async.Bag(symbol="AAPL", exchange="SMART")
    bag.comboLegs = [ib_async.ComboLeg(conId=1, ratio=1, action="BUY", exchange="SMART")] * 2
    bag.deltaNeutralContract = ib_async.DeltaNeutralContract(conId=5, delta=0.5, price=10.0)

    request = decode(sent(178, "reqMktData", 9, bag, "", True, False, []), 178)

    assert isinstance(request, r.MarketData)
    assert request.snapshot


def test_historical_arguments_arrive_in_their_places():
    request = decode(
        sent(
            178, "reqHistoricalData", 3, STOCK, "", "1 D", "5 mins", "MIDPOINT", True, 2, True, []
        ),
        178,
    )

    assert isinstance(request, r.HistoricalData)
    assert (request.bar_size, request.duration, request.what) == ("5 mins", "1 D", "MIDPOINT")
    assert (request.format_date, request.use_rth, request.keep_up_to_date) == (2, True, True)


def full_order(**changes) -> ib_async.Order:
    order = ib_async.LimitOrder("BUY", 10, 187.5, account="DU1", orderRef="jn:1", tif="GTC")
    for name, value in changes.items():
        setattr(order, name, value)
    return order


def sent_order(version: int, contract: ib_async.Contract, order: ib_async.Order) -> r.PlaceOrder:
    """Return how the venue reads an order that ib_async writes, under order id 4."""
    request = decode(sent(version, "placeOrder", 4, contract, order), version)
    assert isinstance(request, r.PlaceOrder)
    return request


ORDERS = {
    "plain": full_order(),
    "market": ib_async.MarketOrder("SELL", 1),
    "stop limit": ib_async.StopLimitOrder("SELL", 1, 10.0, 11.0),
    "trailing": full_order(orderType="TRAIL", trailingPercent=2.0, trailStopPrice=180.0),
    "hedge": full_order(hedgeType="B", hedgeParam="1"),
    "scale": full_order(scalePriceIncrement=0.5, scaleInitLevelSize=10),
    "algo": full_order(
        algoStrategy="Adaptive", algoParams=[ib_async.TagValue("adaptivePriority", "Normal")]
    ),
    "delta neutral": full_order(deltaNeutralOrderType="MKT"),
    "peg bench": full_order(orderType="PEG BENCH"),
    "peg mid": full_order(orderType="PEG MID", midOffsetAtWhole=0.1),
    "peg best": full_order(orderType="PEG BEST", competeAgainstBestOffset=float("inf")),
    "peg best offset": full_order(orderType="PEG BEST", competeAgainstBestOffset=0.02),
    "conditions": full_order(
        conditions=[
            ib_async.PriceCondition(price=1.0, conId=5, exch="SMART"),
            ib_async.TimeCondition(time="20261121 10:00:00 UTC"),
            ib_async.MarginCondition(percent=5),
            ib_async.ExecutionCondition(secType="STK", exch="SMART", symbol="AAPL"),
            ib_async.VolumeCondition(volume=5, conId=1, exch="SMART"),
            ib_async.PercentChangeCondition(changePercent=1.5, conId=1, exch="SMART"),
        ]
    ),
}


def rows(request: r.PlaceOrder, block: str) -> int:
    return len(json.loads(request.fields.get(block, "[]")))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ORDERS)
def test_an_order_of_ib_async_reads_completely(name, version):
    order = ORDERS[name]

    request = decode(sent(version, "placeOrder", 4, STOCK, order), version)

    assert isinstance(request, r.PlaceOrder)
    assert (request.order_id, request.contract.con_id) == (4, 265598)
    assert request.fields["orderType"] == order.orderType
    assert request.fields["autoCancelParent"] == "0"
    assert rows(request, "conditions") == len(order.conditions)


def test_the_base_order_has_the_documented_114_fields():
    fields = sent(178, "placeOrder", 4, STOCK, full_order())

    assert len(fields) == 114
    assert fields[26] == "jn:1"
    assert len(sent(176, "placeOrder", 4, STOCK, full_order())) == 115


def test_a_combo_order_reads_its_legs_and_prices():
    bag = ib_async.Bag(symbol="AAPL", exchange="SMART")
    bag.comboLegs = [ib_async.ComboLeg(conId=1, ratio=1, action="BUY", exchange="SMART")] * 2
    order = full_order(orderComboLegs=[ib_async.OrderComboLeg(1.0), ib_async.OrderComboLeg(2.0)])
    order.smartComboRoutingParams = [ib_async.TagValue("NonGuaranteed", "1")]

    request = decode(sent(178, "placeOrder", 4, bag, order), 178)

    assert isinstance(request, r.PlaceOrder)
    assert rows(request, "comboLegs") == rows(request, "orderComboLegs") == 2
    assert json.loads(request.fields["smartComboRoutingParams"]) == [["NonGuaranteed", "1"]]


@pytest.mark.parametrize("fields", [["3", "x"], ["1"], ["5", "1", "extra"], ["59", "1", "no"]])
def test_a_message_that_does_not_fit_its_layout_is_an_error(fields):
    with pytest.raises(RequestError):
        decode(fields, 178)


@pytest.mark.parametrize("fields", [["9999"], ["x"], [""], ["-1", "1"]])
def test_an_unknown_message_is_said_to_be_unknown(fields):
    with pytest.raises(UnknownMessage):
        decode(fields, 178)
    assert address(fields) == -1


def test_an_order_that_is_cut_short_is_addressed_by_its_id():
    fields = sent(178, "placeOrder", 41, STOCK, full_order())[:-3]

    with pytest.raises(RequestError):
        decode(fields, 178)
    assert address(fields) == 41


@given(st.sampled_from(sorted(MESSAGES)), st.lists(st.text(max_size=6), max_size=130))
def test_absurd_fields_never_raise_anything_but_a_request_error(message_id, rest):
    with contextlib.suppress(RequestError):
        decode([str(message_id), *rest], 178)


@pytest.mark.parametrize(
    "text",
    ["", "2147483647", "1.7976931348623157E308", "1.7976931348623157e+308", "Infinity", "Infinite"],
)
def test_every_spelling_of_unset_is_none(text):
    assert number(text) is None


@pytest.mark.parametrize("text", ["NaN", "x", "1e-999999", "-1e400", "9" * 41, "-Infinity"])
def test_absurd_numbers_are_refused(text):
    with pytest.raises(RequestError):
        number(text)


def test_a_number_keeps_its_digits():
    assert number("187.50") == Decimal("187.50")
