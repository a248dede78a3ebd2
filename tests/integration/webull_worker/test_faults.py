"""What Webull refuses, and what it wants that its first SDK cannot give: told in its own words."""

from __future__ import annotations

import pytest
from janus_common.clock import now_ns
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderType, Outcome, ServiceState, Side, Tif

from tests.support.waiting import eventually
from tests.support.webull_worker import KEY

REFUSALS = [
    ({"name": "webull_no_funds"}, "DAY_BUYING_POWER_INSUFFICIENT"),
    ({"name": "webull_not_tradable", "symbol": "AAPL"}, "ORDER_TICKER_CAN_NOT_TRADE"),
    ({"name": "webull_close_only", "symbol": "AAPL"}, "TICKER_ID_CAN_NOT_TRADE"),
    ({"name": "webull_delisted", "symbol": "AAPL"}, "TRADE_ORDER_TICKER_UNLISTED_CANNOT_TRADE"),
    ({"name": "webull_refuse", "text": "TRADE_ORDER_NO_PERMISSION"}, "TRADE_ORDER_NO_PERMISSION"),
    ({"name": "webull_refuse", "text": "余额不足 ¥"}, "余额不足 ¥"),
]


@pytest.mark.parametrize(("fault", "code"), REFUSALS, ids=lambda it: it if type(it) is str else "")
async def test_an_order_that_webull_does_not_take_is_rejected_with_its_code(desk, fault, code):
    await desk.venue.fault(**fault)
    name = await desk.resting()

    done = await desk.order_is(name, OrderState.REJECTED)

    assert done.code is Code.BROKER_REJECTED
    assert code in done.reason
    assert await desk.states(name) == ["SENDING", "REJECTED"]
    assert await desk.truth(name) == []
    await desk.venue.delete("/faults")
    after = await desk.market(1)  # the symbol is free at once
    await desk.order_is(after, OrderState.FILLED)


async def test_an_error_in_an_answer_of_success_is_told_short_and_without_the_key(desk):
    text = f"no\n{KEY} " + "x" * 500
    await desk.venue.fault("webull_error", code=200, text=text, path="/place")
    name = await desk.resting()

    doubtful = await desk.order_is(name, OrderState.UNKNOWN)

    assert "no ***" in doubtful.reason
    assert KEY not in doubtful.reason
    assert doubtful.reason.isprintable()
    assert len(doubtful.reason) < 400
    await desk.order_is(name, OrderState.REJECTED, within_s=25.0)


async def test_what_may_only_be_closed_is_sold(desk):
    await desk.order_is(await desk.market(2), OrderState.FILLED)

    async def held():
        position = await desk.position("AAPL")
        assert position is not None
        assert position.qty >= 2

    await eventually(held)
    await desk.venue.fault("webull_close_only", symbol="AAPL")

    reply = await desk.place("AAPL", 2, side=Side.SELL)

    assert reply.outcome is Outcome.ACCEPTED, reply
    await desk.order_is(reply.order.client_order_id, OrderState.FILLED)


async def test_a_key_that_may_not_list_instruments_asks_for_each_by_its_ticker(desk):
    await desk.venue.fault("webull_no_instruments")

    name = await desk.market(1, "TSLA")  # nothing is known of it before

    await desk.order_is(name, OrderState.FILLED)
    assert [row["symbol"] for row in await desk.truth(name)] == ["TSLA"]


async def test_codes_with_a_prefix_mean_what_they_mean_without(desk):
    await desk.venue.fault("webull_prefixed_codes")
    await desk.venue.fault("webull_no_gtc")
    as_day = await desk.resting()
    working = await desk.order_is(as_day, OrderState.WORKING)
    await desk.venue.fault("webull_timeout", path="/place")
    lost = await desk.resting("MSFT")

    done = await desk.order_is(lost, OrderState.REJECTED, within_s=25.0)

    assert working.tif is Tif.DAY  # ILLEGAL_PARAMETER was understood
    assert done.code is Code.NOT_SENT  # and ORDER_NOT_FOUND
    await desk.cancel(as_day)
    await desk.order_is(as_day, OrderState.CANCELED)


async def test_a_key_that_suddenly_wants_a_token_stops_trading_and_says_so(desk):
    name = await desk.resting()
    await desk.order_is(name, OrderState.WORKING)
    began_ns = now_ns()
    await desk.venue.fault("webull_token_check")

    async def says_so():
        found = await desk.presence()
        assert len(found) == 1
        [shown] = found
        assert shown.state in {ServiceState.CONNECTING, ServiceState.DOWN}  # in a try, or between
        assert "INVALID_TOKEN" in shown.reason
        assert "token confirmed in the app" in shown.reason

    await eventually(says_so)
    reply = await desk.place("AAPL", 1, kind=OrderType.LIMIT, limit="50")

    assert reply.outcome is Outcome.DENIED
    assert reply.code in {Code.BROKER_DOWN, Code.ACCOUNT_NOT_READY}
    await desk.venue.delete("/faults")
    await desk.is_in(ServiceState.READY, within_s=40.0)
    assert "CONNECTING" in await desk.seen(began_ns)
    assert (await desk.order(name)).state is OrderState.WORKING
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)
