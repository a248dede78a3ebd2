"""The books: what the streams tell is booked once, in whatever order it comes."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec
import nats
import pytest
from janus_common import subjects
from janus_common.errors import Code
from janus_common.messages import OrderState, OrderUpdate

from tests.support.messages import fill, fill_correction, fill_fee, order_update
from tests.support.registry import registry_running
from tests.support.waiting import eventually


async def tell(house, *messages) -> None:
    """Publish as a worker would, and wait until all of it is settled."""
    for message in messages:
        if isinstance(message, OrderUpdate):
            subject = subjects.order(message.account, message.client_order_id)
        else:
            subject = subjects.fill(message.account, message.symbol)
        await house.client.streams.append(subject, message)
    await settled(house)


@asynccontextmanager
async def nats_streams(url):
    client = await nats.connect(url)
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def settled(house, *, within_s: float = 60) -> None:
    async def all_done():
        for stream, durable in (("ORDERS", "registry-orders"), ("FILLS", "registry-fills")):
            info = await js.consumer_info(stream, durable)
            assert (info.num_pending, info.num_ack_pending) == (0, 0)

    async with nats_streams(house.url) as js:
        await eventually(all_done, within_s=within_s)


async def test_an_order_is_booked_as_it_was_told(house):
    update = order_update(tags={"why": "test"}, limit_price=Decimal("1.10"), reason="é☃")

    await tell(house, update)

    assert (await house.orders()).orders == [update]


async def test_the_tables_read_like_books(house):
    await tell(house, order_update(state=OrderState.FILLED, filled_qty=Decimal(10)), fill())

    [order] = await house.rows("select * from janus.orders")
    [booked] = await house.rows("select * from janus.booked_fills")

    assert (order["state"], order["qty"], order["filled_qty"]) == ("FILLED", 10, 10)
    assert (booked["symbol"], booked["qty"], booked["price"]) == ("AAPL", 10, Decimal("189.21"))
    assert booked["fee"] is None


async def test_the_last_update_is_the_state_of_an_order(house):
    sending = order_update()
    working = order_update(state=OrderState.WORKING, revision=2)

    await tell(house, sending, working)

    assert (await house.orders()).orders == [working]


async def test_an_older_update_never_moves_an_order_back(house):
    filled = order_update(state=OrderState.FILLED, revision=3)

    await tell(house, filled, order_update(state=OrderState.WORKING, revision=2), order_update())

    assert (await house.orders()).orders == [filled]


async def test_a_fill_told_three_times_is_booked_once(house):
    await tell(house, fill(), fill(), fill())

    assert [one.fill for one in (await house.fills()).fills] == [fill()]


async def test_the_same_execution_id_on_two_accounts_is_two_fills(house):
    await tell(house, fill(), fill(account="ib-alt"))

    assert len((await house.fills()).fills) == 2


async def test_fill_correction_and_fees_give_the_same_books_in_any_order(house):
    corrected_fee = {"revision": 2, "fee": Decimal("1.10"), "realized_pnl": Decimal(-3)}
    for number, order in enumerate(itertools.permutations(range(4))):
        one = {"execution_id": f"e-{number}"}
        told = [
            fill(**one),
            fill_correction(**one),
            fill_fee(**one),
            fill_fee(**one, **corrected_fee, received_ns=5_000),
        ]
        for position in order:
            where = subjects.fill("ib-main", "AAPL")
            await house.client.streams.append(where, told[position])
    await settled(house)

    booked = (await house.fills()).fills
    assert len(booked) == 24
    right = fill(qty=Decimal(9), price=Decimal("189.30"), revision=2)
    for one in booked:
        assert one.fill == msgspec.structs.replace(right, execution_id=one.fill.execution_id)
        assert (one.fee, one.fee_currency, one.realized_pnl) == (Decimal("1.10"), "USD", -3)


async def test_a_fill_has_no_fee_until_it_is_told(house):
    await tell(house, fill())

    [booked] = (await house.fills()).fills
    assert (booked.fee, booked.fee_currency) == (None, None)


async def test_a_correction_without_its_fill_is_kept_until_it_comes(house):
    await tell(house, fill_correction())
    nothing = await house.fills()

    await tell(house, fill())

    assert nothing.fills == []
    assert (await house.fills()).fills[0].fill.qty == 9


async def test_the_position_in_the_stream_is_written_with_the_books(house):
    await tell(house, order_update(), order_update(revision=2), fill())

    rows = await house.rows("select stream, sequence from janus.stream_position order by stream")
    assert [tuple(row) for row in rows] == [("FILLS", 1), ("ORDERS", 2)]


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\xfd", b"\xc1" * 100, b"{}"])
async def test_undecodable_bytes_in_a_stream_are_passed_over(house, data):
    async with nats_streams(house.url) as js:
        await js.publish(subjects.order("ib-main", "bad"), data)
        await js.publish(subjects.fill("ib-main", "AAPL"), data)

    await tell(house, order_update(), fill())

    assert len((await house.orders()).orders) == len((await house.fills()).fills) == 1


@pytest.mark.parametrize(
    "message",
    [order_update(account="ib-alt"), order_update(client_order_id="c-2")],
    ids=["another account", "another id"],
)
async def test_an_update_on_a_foreign_subject_is_not_booked(house, message):
    await house.client.streams.append(subjects.order("ib-main", "c-1"), message)
    await settled(house)

    assert (await house.orders()).orders == []


async def test_a_nul_in_a_text_of_the_broker_does_not_cost_the_order(house):
    await tell(house, order_update(reason="no\0thing", state=OrderState.REJECTED))

    [order] = (await house.orders()).orders
    assert (order.state, order.reason) == (OrderState.REJECTED, "no\ufffdthing")


async def test_a_fee_with_a_nul_is_dropped_and_the_rest_goes_on(house):
    await tell(house, fill_fee(currency="U\0D"), fill())

    assert len((await house.fills()).fills) == 1


async def test_what_was_told_while_the_registry_was_away_is_booked_when_it_is_back(
    own_nats, postgres_dsn
):
    async with registry_running(own_nats.url, postgres_dsn) as house:
        await tell(house, order_update())
    async with nats_streams(own_nats.url) as js:
        for message in (order_update(revision=2, state=OrderState.WORKING), order_update()):
            where = subjects.order(message.account, message.client_order_id)
            await js.publish(where, msgspec.msgpack.encode(message))
    async with registry_running(own_nats.url, postgres_dsn) as house:
        await settled(house)

        assert [one.state for one in (await house.orders()).orders] == [OrderState.WORKING]


async def test_a_registry_stopped_in_the_middle_loses_and_doubles_nothing(own_nats, postgres_dsn):
    fills = [fill(execution_id=f"e-{n}", received_ns=n) for n in range(300)]
    async with registry_running(own_nats.url, postgres_dsn) as house:
        for one in fills[:200]:
            await house.client.streams.append(subjects.fill("ib-main", "AAPL"), one)

        async def some_are_booked():
            [[count]] = await house.rows("select count(*) from janus.fills")
            assert count > 20

        await eventually(some_are_booked)
    async with registry_running(own_nats.url, postgres_dsn) as house:
        await tell(house, *fills[200:])

        rows = await house.rows("select execution_id, qty from janus.fills")
        assert sorted(row["execution_id"] for row in rows) == sorted(f"e-{n}" for n in range(300))


async def test_a_report_of_orders_can_be_narrowed(house):
    old = order_update(client_order_id="old", created_ns=10, state=OrderState.FILLED)
    new = order_update(client_order_id="new", created_ns=30)
    other = order_update(client_order_id="other", created_ns=20, account="ib-alt", symbol="MSFT")
    await tell(house, old, new, other)

    async def names(**query) -> list[str]:
        return [one.client_order_id for one in (await house.orders(**query)).orders]

    assert await names() == ["new", "other", "old"]
    assert await names(account="ib-alt") == ["other"]
    assert await names(symbol="aapl") == ["new", "old"]
    assert await names(open_only=True) == ["new", "other"]
    assert await names(since_ns=20) == ["new", "other"]
    assert await names(before_ns=20) == ["old"]
    assert await names(account="nobody") == []


async def test_a_report_is_read_page_by_page(house):
    await tell(house, *(fill(execution_id=f"e-{n}", received_ns=n) for n in range(25)))

    pages, before_ns = [], None
    while True:
        reply = await house.fills(limit=10, before_ns=before_ns)
        pages.append([one.fill.execution_id for one in reply.fills])
        if not reply.more:
            break
        before_ns = reply.fills[-1].fill.received_ns

    assert [len(page) for page in pages] == [10, 10, 5]
    assert list(itertools.chain(*pages)) == [f"e-{n}" for n in reversed(range(25))]


async def test_a_page_of_large_orders_fits_into_a_message(house):
    tags = {"note": "x" * 3_000}
    orders = [order_update(client_order_id=f"c-{n}", created_ns=n, tags=tags) for n in range(30)]
    await tell(house, *orders)

    first = await house.orders()
    second = await house.orders(before_ns=first.orders[-1].created_ns)

    assert first.more
    assert not second.more
    assert len(first.orders) + len(second.orders) == 30


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, Code.INVALID_MESSAGE),
        ({"limit": 101}, Code.INVALID_MESSAGE),
        ({"symbol": "A B"}, Code.INVALID_SYMBOL),
        ({"account": "a\0b"}, Code.INVALID_MESSAGE),
    ],
    ids=str,
)
async def test_an_impossible_question_is_refused(house, query, code):
    assert (await house.orders(**query)).code is code
    assert (await house.fills(**query)).code is code
