"""Short sales, replacements and "cancel all" with the real worker at the real venue."""

from __future__ import annotations

from decimal import Decimal

import pytest
from janus_common.errors import Code
from janus_common.messages import Effect, OrderState, OrderType, Outcome, ServiceState, Side

from tests.support.ib_worker import ib_desk
from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually

SELL: dict[str, Side] = {"side": Side.SELL}
LIMIT: dict[str, OrderType] = {"kind": OrderType.LIMIT}


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue"), "--tick-rate", "5") as found:
        await found.pin("AAPL", 200, 200.1)
        await found.pin("MSFT", 500, 500.1)
        await found.pin("IBM", 250, 250.1)
        yield found


@pytest.fixture(scope="module")
async def desk(venue, nats_url, tmp_path_factory):
    """An account that may not sell short."""
    folder = tmp_path_factory.mktemp("worker")
    async with ib_desk(nats_url, venue, folder, allow_short=False) as found:
        yield found


@pytest.fixture(scope="module")
async def borrower(venue, nats_url, tmp_path_factory):
    """An account that may sell short what the broker lends."""
    async with ib_desk(
        nats_url,
        venue,
        tmp_path_factory.mktemp("borrower"),
        ib_account=ACCOUNTS[1],
        client_id=12,
        locate_required=True,
    ) as found:
        yield found


async def bought(desk, symbol: str, qty: int) -> None:
    reply = await desk.place(symbol, qty)
    order = await desk.order_is(reply.order.client_order_id, OrderState.FILLED)
    assert order.effect is Effect.OPEN


async def resting(desk, symbol: str, qty: int, limit: str, **more) -> str:
    reply = await desk.place(symbol, qty, limit=limit, **(LIMIT | more))
    assert reply.outcome is Outcome.ACCEPTED, reply
    await desk.order_is(reply.order.client_order_id, OrderState.WORKING)
    name: str = reply.order.client_order_id
    return name


async def test_an_account_that_may_not_short_sells_what_it_holds_and_no_more(desk):
    await bought(desk, "IBM", 10)

    beyond = await desk.place("IBM", 11, **SELL)
    within = await desk.place("IBM", 10, **SELL)
    again = await desk.place("IBM", 1, **SELL)

    assert (beyond.code, beyond.order.state) == (Code.SHORT_NOT_ALLOWED, OrderState.DENIED)
    assert within.order.effect is Effect.REDUCE
    assert again.code is Code.SHORT_NOT_ALLOWED
    assert len(await desk.truth(within.order.client_order_id)) == 1
    assert await desk.truth(beyond.order.client_order_id) == []


async def test_what_an_open_order_sells_cannot_be_sold_again(desk):
    await bought(desk, "AAPL", 100)
    first = await resting(desk, "AAPL", 100, "300", **SELL)

    refused = await desk.place("AAPL", 100, limit="301", **LIMIT, **SELL)
    await desk.cancel(first)
    await desk.order_is(first, OrderState.CANCELED)
    freed = await resting(desk, "AAPL", 100, "301", **SELL)

    assert refused.code is Code.SHORT_NOT_ALLOWED
    assert "open orders sell 100" in refused.reason
    await desk.cancel(freed)
    await desk.order_is(freed, OrderState.CANCELED)
    sold = await desk.place("AAPL", 100, **SELL)
    await desk.order_is(sold.order.client_order_id, OrderState.FILLED)


async def test_a_stock_is_sold_short_only_while_the_broker_lends_it(borrower, venue):
    await venue.post("/borrow", {"symbol": "TSLA", "borrow": "none"})
    refused = await borrower.place("TSLA", 5, **SELL)
    await venue.post("/borrow", {"symbol": "SPY", "borrow": "locate"})
    waits = await borrower.place("SPY", 5, **SELL)

    lent = await borrower.place("IBM", 5, **SELL)
    await borrower.order_is(lent.order.client_order_id, OrderState.FILLED)
    covers = await borrower.place("IBM", 5)

    assert (refused.code, waits.code) == (Code.NOT_SHORTABLE, Code.NOT_SHORTABLE)
    assert "no shares to lend" in refused.reason
    assert "locate" in waits.reason
    assert (lent.order.effect, covers.order.effect) == (Effect.SHORT, Effect.COVER)
    await borrower.order_is(covers.order.client_order_id, OrderState.FILLED)


async def test_a_broker_that_does_not_tell_whether_it_lends_is_a_no(borrower, venue):
    await venue.fault("error_354")

    reply = await borrower.place("MSFT", 5, **SELL)

    assert reply.code is Code.NOT_SHORTABLE
    assert "354" in reply.reason


async def test_a_change_becomes_the_record_once_the_broker_shows_it(desk):
    name = await resting(desk, "MSFT", 10, "400")

    reply = await desk.replace(name, "MSFT", qty="12", limit_price="401.5")

    assert reply.outcome is Outcome.ACCEPTED
    assert (reply.order.state, reply.order.qty) == (OrderState.REPLACE_PENDING, 10)
    order = await desk.order_is(name, OrderState.WORKING)
    assert (order.qty, order.limit_price) == (12, Decimal("401.5"))
    [truth] = await desk.truth(name)
    assert [Decimal(truth[term]) for term in ("qty", "limit_price")] == [12, Decimal("401.5")]
    states = [update.state for update in await desk.history(name)]
    assert states[-2:] == [OrderState.REPLACE_PENDING, OrderState.WORKING]
    again = await desk.replace(name, "MSFT", qty="12", limit_price="401.5")
    assert (again.outcome, again.replayed) == (Outcome.ACCEPTED, True)
    await desk.cancel(name)


@pytest.mark.parametrize(
    ("fault", "parameters"),
    [("error_104", {}), ("reject_modify", {"code": 201}), ("reject_modify", {"code": 462})],
    ids=["104", "201", "462"],
)
async def test_a_refused_change_leaves_the_order_as_it_was_and_says_why(desk, fault, parameters):
    name = await resting(desk, "MSFT", 10, "400")
    await desk.venue.fault(fault, **parameters)

    await desk.replace(name, "MSFT", limit_price="402")

    order = await desk.order_is(name, OrderState.WORKING)
    assert (order.qty, order.limit_price) == (10, 400)
    assert order.code is Code.REPLACE_REFUSED
    assert f"IB {parameters.get('code', 104)}" in order.reason
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)


async def test_a_change_that_comes_too_early_is_asked_again(desk):
    name = await resting(desk, "MSFT", 10, "400")
    await desk.venue.fault("reject_modify", code=2102, text="Order is still being processed.")

    await desk.replace(name, "MSFT", limit_price="403")

    async def changed():
        order = await desk.order(name)
        assert (order.state, order.limit_price) == (OrderState.WORKING, 403)

    await eventually(changed)
    await desk.cancel(name)


async def test_a_change_that_vanishes_is_asked_for_and_the_order_is_as_it_was(desk):
    name = await resting(desk, "MSFT", 10, "400")
    await desk.venue.fault("swallow_modify")

    await desk.replace(name, "MSFT", limit_price="404")

    order = await desk.order_is(name, OrderState.WORKING, within_s=20)
    assert order.limit_price == 400
    assert order.code is Code.REPLACE_REFUSED
    states = {update.state for update in await desk.history(name)}
    assert OrderState.UNKNOWN not in states
    await desk.cancel(name)


async def test_what_cannot_be_changed_says_why(desk):
    filled = await desk.place("MSFT", 1)
    await desk.order_is(filled.order.client_order_id, OrderState.FILLED)

    final = await desk.replace(filled.order.client_order_id, "MSFT", limit_price="1")
    unknown = await desk.replace("nobody-knows-this", "MSFT", limit_price="1")

    assert (final.code, unknown.code) == (Code.ORDER_FINAL, Code.UNKNOWN_ORDER)


async def test_a_worker_killed_in_a_change_believes_the_broker(nats_url, tmp_path):
    async with (
        paper_venue(tmp_path, "--tick-rate", "5") as venue,
        ib_desk(nats_url, venue, tmp_path / "worker") as desk,
    ):
        await venue.pin("MSFT", 500, 500.1)
        names = [await resting(desk, "MSFT", 10, "400") for _ in range(2)]
        await venue.fault("swallow_modify")
        for name in names:
            reply = await desk.replace(name, "MSFT", limit_price="405")
            assert reply.outcome is Outcome.ACCEPTED
        await desk.workers[-1].kill()

        worker = await desk.start_worker()
        await desk.is_in(ServiceState.READY, worker)

        prices = []
        for name in names:
            order = await desk.order_is(name, OrderState.WORKING)
            [truth] = await desk.truth(name)
            assert order.limit_price == Decimal(truth["limit_price"])
            prices.append(order.limit_price)
        assert sorted(prices) == [400, 405]


async def test_all_open_orders_of_a_symbol_then_of_the_account_are_canceled(desk):
    ibm = [await resting(desk, "IBM", 1, "100") for _ in range(3)]
    msft = await resting(desk, "MSFT", 1, "100")

    some = await desk.cancel_all("IBM")
    for name in ibm:
        await desk.order_is(name, OrderState.CANCELED)
    untouched = await desk.order(msft)
    rest = await desk.cancel_all()
    await desk.order_is(msft, OrderState.CANCELED)

    assert sorted(order.client_order_id for order in some.orders) == sorted(ibm)
    assert untouched.state is OrderState.WORKING
    assert msft in {order.client_order_id for order in rest.orders}
    assert (await desk.cancel_all()).orders == []
