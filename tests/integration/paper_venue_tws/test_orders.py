"""What becomes of orders, as the real ib_async sees it."""

from decimal import Decimal

import ib_async
import pytest
from janus_paper_venue.rules import Rules
from janus_paper_venue.tws.options import Options

from tests.integration.paper_venue_tws.support import ACCOUNTS, Client, client, stock, venue
from tests.support.waiting import eventually


def order(kind="LMT", side="BUY", qty=10, **changes) -> ib_async.Order:
    values = {"account": ACCOUNTS[0], "tif": "DAY", "orderRef": "jn:1", **changes}
    return ib_async.Order(orderType=kind, action=side, totalQuantity=qty, **values)


def states(trade: ib_async.Trade) -> list[str]:
    seen = [entry.status for entry in trade.log]
    return list(dict.fromkeys(seen))


async def done(trade: ib_async.Trade, status: str) -> None:
    def check():
        assert trade.orderStatus.status == status, trade.log

    await eventually(check)


def errors(ib: Client) -> list[tuple[int, int]]:
    return [(req_id, code) for req_id, code, _ in ib.heard if code < 2100 or code > 2199]


@pytest.mark.parametrize("version", [176, 178])
async def test_a_market_order_fills_with_its_fee_and_position(running, version):
    async with client(running, version=version) as ib:
        trade = ib.placeOrder(stock(running), order("MKT"))
        await done(trade, "Filled")
        await eventually(lambda: trade.fills[0].commissionReport.execId != "")

        [fill] = trade.fills
        assert (fill.execution.shares, fill.execution.price) == (10.0, 100.02)
        assert (fill.execution.side, fill.execution.acctNumber) == ("BOT", ACCOUNTS[0])
        assert fill.execution.orderRef == "jn:1"
        assert fill.commissionReport.commission == 1.0
        await eventually(lambda: bool(ib.positions()))
        [position] = ib.positions()
        assert (position.account, position.position) == (ACCOUNTS[0], 10.0)
        assert position.contract.exchange == "NASDAQ"
        assert errors(ib) == []


async def test_a_resting_limit_is_canceled(running):
    async with client(running) as ib:
        trade = ib.placeOrder(stock(running), order(lmtPrice=90))
        await done(trade, "Submitted")

        ib.cancelOrder(trade.order)
        await done(trade, "Cancelled")

        assert (trade.order.orderId, 202) in errors(ib)
        assert "PendingCancel" in states(trade)
        assert not running.exchange.open_orders()


async def test_a_stop_waits_for_its_trigger(running):
    async with client(running) as ib:
        trade = ib.placeOrder(stock(running), order("STP", auxPrice=101.0))
        await done(trade, "PreSubmitted")

        running.show(bid="101.00", ask="101.02", last="101.01")
        await done(trade, "Filled")

        assert trade.fills[0].execution.price == 101.02


async def test_a_stop_limit_becomes_a_limit(running):
    async with client(running) as ib:
        trade = ib.placeOrder(stock(running), order("STP LMT", auxPrice=101.0, lmtPrice=100.5))
        await done(trade, "PreSubmitted")

        running.show(bid="101.00", ask="101.02", last="101.01")
        await done(trade, "Submitted")

        running.show(bid="100.40", ask="100.45")
        await done(trade, "Filled")


async def test_a_large_order_fills_in_parts(running):
    async with client(running) as ib:
        running.show(size="40")
        trade = ib.placeOrder(stock(running), order(qty=100, lmtPrice=100.02))
        await eventually(lambda: trade.orderStatus.filled == 40)
        assert trade.orderStatus.remaining == 60

        running.show(ask="100.01", size="200")
        await done(trade, "Filled")

        shares = [fill.execution.shares for fill in trade.fills]
        assert shares == [40.0, 60.0]
        assert trade.fills[-1].execution.cumQty == 100.0
        assert trade.orderStatus.avgFillPrice == pytest.approx(100.014)


async def test_a_modification_keeps_the_order_and_its_perm_id(running):
    async with client(running) as ib:
        trade = ib.placeOrder(stock(running), order(lmtPrice=90))
        await done(trade, "Submitted")
        perm_id = trade.order.permId

        trade.order.lmtPrice, trade.order.totalQuantity = 91.0, 20
        ib.placeOrder(stock(running), trade.order)
        await eventually(
            lambda: running.exchange.open_orders()[0].request.limit_price == Decimal(91)
        )
        await eventually(lambda: trade.orderStatus.remaining == 20)

        [live] = running.exchange.open_orders()
        assert live.perm_id == perm_id
        assert errors(ib) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lmtPrice": 100.001}, 110),
        ({"account": "DU0000000", "lmtPrice": 90}, 321),
        ({"account": "", "lmtPrice": 90}, 435),
        ({"action": "HOLD", "lmtPrice": 90}, 321),
        ({"orderType": "FUNNY", "lmtPrice": 90}, 387),
        ({"tif": "XYZ", "lmtPrice": 90}, 321),
        ({"totalQuantity": 0, "lmtPrice": 90}, 434),
        ({"totalQuantity": 1.5, "lmtPrice": 90}, 10243),
        ({"lmtPrice": 90, "totalQuantity": 900_000}, 201),
        ({"goodTillDate": "tomorrow", "lmtPrice": 90}, 321),
    ],
)
async def test_an_order_that_cannot_be_is_refused_with_its_code(running, changes, code):
    async with client(running) as ib:
        values = {"action": "BUY", "orderType": "LMT", "totalQuantity": 10} | changes
        kind, side, qty = (values.pop(n) for n in ("orderType", "action", "totalQuantity"))
        trade = ib.placeOrder(stock(running), order(kind, side, qty, **values))

        await eventually(lambda: (trade.order.orderId, code) in errors(ib))

        assert not running.exchange.all_orders()
        assert await ib.reqCurrentTimeAsync()


async def test_an_unknown_or_ambiguous_contract_is_refused_with_200(running):
    async with client(running) as ib:
        nothing = ib.placeOrder(ib_async.Stock("NOPE", "SMART", "USD"), order(lmtPrice=90))
        several = ib.placeOrder(ib_async.Stock("XYZ", "SMART", "USD"), order(lmtPrice=90))

        await eventually(lambda: (nothing.order.orderId, 200) in errors(ib))
        await eventually(lambda: (several.order.orderId, 200) in errors(ib))
        assert "ambiguous" in next(text for n, _, text in ib.heard if n == several.order.orderId)


async def test_an_order_id_that_was_used_is_103_and_a_filled_one_104(running):
    async with client(running) as ib:
        filled = ib.placeOrder(stock(running), order("MKT"))
        await done(filled, "Filled")

        ib.client.placeOrder(filled.order.orderId, stock(running), order(lmtPrice=90))
        await eventually(lambda: (filled.order.orderId, 104) in errors(ib))

        ib.client.placeOrder(1, stock(running), order(lmtPrice=90))
        await eventually(lambda: (1, 103) in errors(ib))
        assert len(running.exchange.all_orders()) == 1


async def test_a_change_of_what_may_not_change_is_105_and_the_order_lives(running):
    async with client(running) as ib:
        trade = ib.placeOrder(stock(running), order(lmtPrice=90))
        await done(trade, "Submitted")

        ib.client.placeOrder(trade.order.orderId, stock(running), order(side="SELL", lmtPrice=200))
        await eventually(lambda: (trade.order.orderId, 105) in errors(ib))

        [live] = running.exchange.open_orders()
        assert live.request.side == "BUY"


async def test_the_same_bytes_twice_make_one_order(running):
    async with client(running) as ib:
        one = order(lmtPrice=90)
        trade = ib.placeOrder(stock(running), one)
        ib.client.placeOrder(trade.order.orderId, stock(running), one)
        await done(trade, "Submitted")
        await ib.reqCurrentTimeAsync()

        assert len(running.exchange.all_orders()) == 1


async def test_canceling_what_is_unknown_or_done_is_said(running):
    async with client(running) as ib:
        ib.client.cancelOrder(4711)
        await eventually(lambda: (4711, 10147) in errors(ib))

        trade = ib.placeOrder(stock(running), order("MKT"))
        await done(trade, "Filled")
        ib.client.cancelOrder(trade.order.orderId)
        await eventually(lambda: (trade.order.orderId, 10148) in errors(ib))


async def test_an_empty_time_in_force_becomes_day_and_is_noted(running):
    async with client(running) as ib:
        trade = ib.placeOrder(stock(running), order(lmtPrice=90, tif=""))

        await eventually(lambda: (trade.order.orderId, 10349) in errors(ib))
        [live] = running.exchange.open_orders()
        assert live.request.tif == "DAY"


async def test_the_note_on_the_time_in_force_can_be_switched_off():
    async with venue(options=Options(tif_notice=False)) as running, client(running) as ib:
        trade = ib.placeOrder(stock(running), order(lmtPrice=90, tif=""))
        await done(trade, "Submitted")

        assert errors(ib) == []


async def test_a_read_only_gateway_refuses_orders_with_321():
    async with venue(options=Options(read_only=True)) as running, client(running) as ib:
        trade = ib.placeOrder(stock(running), order(lmtPrice=90))

        await eventually(lambda: (trade.order.orderId, 321) in errors(ib))


async def test_a_what_if_order_answers_margin_and_fee_and_leaves_nothing(running):
    async with client(running) as ib:
        state = await ib.whatIfOrderAsync(stock(running), order(lmtPrice=100))

        assert float(state.initMarginChange) > 0
        assert float(state.equityWithLoanBefore) == pytest.approx(1_000_000)
        assert state.commission == 1.0
        assert not running.exchange.all_orders()


async def test_a_global_cancel_ends_every_order(running):
    async with client(running) as ib:
        trades = [ib.placeOrder(stock(running), order(lmtPrice=90 + n)) for n in range(3)]
        for trade in trades:
            await done(trade, "Submitted")

        ib.reqGlobalCancel()

        for trade in trades:
            await done(trade, "Cancelled")


async def test_two_accounts_of_one_login_are_kept_apart(running):
    async with client(running) as ib:
        for account in ACCOUNTS:
            trade = ib.placeOrder(stock(running), order("MKT", account=account))
            await done(trade, "Filled")
        await eventually(lambda: len(ib.positions()) == 2)

        assert {p.account: p.position for p in ib.positions()} == dict.fromkeys(ACCOUNTS, 10.0)
        mine = await ib.reqExecutionsAsync(ib_async.ExecutionFilter(acctCode=ACCOUNTS[1]))
        assert [fill.execution.acctNumber for fill in mine] == [ACCOUNTS[1]]


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        ({}, 2),
        ({"side": "BUY"}, 1),
        ({"side": "SLD"}, 1),
        ({"symbol": "MSFT"}, 0),
        ({"clientId": 5}, 0),
        ({"secType": "STK"}, 2),
        ({"time": "20300101 00:00:00"}, 0),
        ({"time": "20200101-00:00:00"}, 2),
        ({"exchange": "NOWHERE"}, 0),
    ],
)
async def test_executions_are_filtered(running, chosen, count):
    async with client(running) as ib:
        for side in ("BUY", "SELL"):
            await done(ib.placeOrder(stock(running), order("MKT", side)), "Filled")

        found = await ib.reqExecutionsAsync(ib_async.ExecutionFilter(**chosen))

        assert len(found) == count


async def test_a_malformed_execution_filter_is_refused(running):
    async with client(running) as ib:
        ib.client.reqExecutions(990, ib_async.ExecutionFilter(time="yesterday"))

        await eventually(lambda: (990, 321) in errors(ib))


async def test_a_fee_that_is_late_comes_by_itself():
    rules = Rules(fee_delay_ns=None)
    async with venue(rules=rules) as running, client(running) as ib:
        trade = ib.placeOrder(stock(running), order("MKT"))
        await done(trade, "Filled")
        await ib.reqExecutionsAsync()

        assert ib.fills()[0].commissionReport.execId == ""


async def test_the_truth_holds_what_was_sent_and_when_it_came(running):
    async with client(running) as ib:
        trade = ib.placeOrder(stock(running), order(lmtPrice=90, orderRef="jn:truth"))
        await done(trade, "Submitted")

        [kept] = running.exchange.all_orders()
        assert kept.request.order_ref == "jn:truth"
        assert kept.request.raw["orderRef"] == "jn:truth"
        assert kept.request.raw["lmtPrice"] in {"90", "90.0"}
        assert 0 <= kept.accepted_ns - kept.request.received_ns < 1_000_000_000
        assert kept.request.received_monotonic_ns > 0


async def test_an_order_survives_the_socket_that_sent_it(running):
    async with client(running, 3) as ib:
        ib.placeOrder(stock(running), order(lmtPrice=90, orderRef="jn:orphan"))
        await eventually(lambda: len(running.exchange.open_orders()) == 1)
        ib.client.conn.transport.abort()

    async with client(running, 3) as ib:
        assert [trade.order.orderRef for trade in ib.openTrades()] == ["jn:orphan"]


async def test_conditions_and_algos_come_back_as_they_were_sent(running):
    async with client(running) as ib:
        wanted = order(
            lmtPrice=90,
            algoStrategy="Adaptive",
            algoParams=[ib_async.TagValue("adaptivePriority", "Normal")],
            conditions=[ib_async.TimeCondition(time="20261121 10:00:00 UTC")],
        )
        await done(ib.placeOrder(stock(running), wanted), "Submitted")

    async with client(running) as ib:
        [trade] = ib.openTrades()
        assert trade.order.algoParams == [ib_async.TagValue("adaptivePriority", "Normal")]
        assert trade.order.conditions[0].time == "20261121 10:00:00 UTC"
