"""The client that bots use, on a real bus."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from uuid import uuid4

import pytest
from janus_common import client, subjects
from janus_common.bus import bus
from janus_common.errors import BusError, Denied, NobodyListens, SubjectInvalid
from janus_common.messages import Intent, OrderState, OrderType, Outcome, ReportQuery, Side

from tests.integration.cli.fake_house import fake_house, tick
from tests.support.waiting import eventually

S = OrderState


@pytest.fixture
async def bot(house, house_url):
    async with client.connect(house_url, principal="bot") as connected:
        yield connected


@pytest.mark.parametrize(
    ("prices", "kind"),
    [
        ({}, OrderType.MARKET),
        ({"limit_price": 1}, OrderType.LIMIT),
        ({"stop_price": "2.5"}, OrderType.STOP),
        ({"stop_price": 2, "limit_price": 1}, OrderType.STOP_LIMIT),
    ],
)
def test_the_prices_given_make_the_order_type(prices, kind):
    made = client.order("ib-main", "AAPL", Side.BUY, 10, **prices)

    assert (made.type, made.qty) == (kind, Decimal(10))
    assert made.expires_ns is not None


async def test_place_waits_for_what_the_bot_wants(bot):
    wanted = client.order("ib-main", "AAPL", Side.BUY, 10)

    reply, order = await bot.place(wanted, until={S.FILLED})

    assert reply.outcome is Outcome.ACCEPTED
    assert (order.state, order.principal) == (S.FILLED, "bot")


async def test_wait_for_sees_what_happens_to_an_order_later(bot):
    wanted = client.order("ib-main", "AAPL", Side.BUY, 1, limit_price=100)
    await bot.place(wanted)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(
            bot.wait_for("ib-main", wanted.client_order_id, until={S.CANCELED})
        )
        await bot.cancel("ib-main", wanted.client_order_id)

    assert waiting.result().state is S.CANCELED


async def test_wait_for_returns_the_order_as_it_is_when_the_time_is_over(bot):
    wanted = client.order("ib-main", "AAPL", Side.BUY, 1, limit_price=100)
    await bot.place(wanted)

    found = await bot.wait_for("ib-main", wanted.client_order_id, until={S.FILLED}, timeout_s=0.2)

    assert found.state is S.WORKING
    assert await bot.order("ib-main", "never-sent") is None


async def test_open_orders_need_no_registry(bot):
    account = f"open-{uuid4().hex[:8]}"
    resting = client.order(account, "AAPL", Side.BUY, 1, limit_price=100)
    await bot.place(resting)
    await bot.place(client.order(account, "AAPL", Side.BUY, 1), until={S.FILLED})

    found = await bot.open_orders(account)

    assert [order.client_order_id for order in found] == [resting.client_order_id]


async def test_a_wildcard_is_no_account(bot):
    with pytest.raises(SubjectInvalid):
        await bot.submit(client.order("*", "AAPL", Side.BUY, 1))


async def test_ticks_are_leased_and_given_back(bot, house):
    async with bot.ticks([" bot.a ", "NONE"]) as ticks:
        first = await ticks.next(timeout_s=30)
        assert "BOT.A" in house.leases

    assert first.symbol == "BOT.A"
    assert ticks.refused == {"NONE": "no account has market data"}
    assert "BOT.A" not in house.leases


async def test_a_slow_reader_gets_every_tick_in_order(bot, house):
    async with bot.heard_ticks("SLOW") as ticks:
        for number in range(1, 501):
            await house.bus.publish(subjects.tick("SLOW"), tick("SLOW", sequence=number))
        await eventually(lambda: len(ticks.waiting()) == 500)

        got = [(await anext(ticks)).sequence for _ in range(500)]

    assert got == list(range(1, 501))
    assert ticks.missed == 0


async def test_books_holdings_and_presence_can_be_asked(bot, house):
    await house.hold("bot-holder")
    await bot.place(client.order("ib-main", "BOOKS", Side.BUY, 1), until={S.FILLED})

    assert [p.symbol for p in await bot.positions("bot-holder")] == ["AAPL", "NQ.2603"]
    assert [b.currency for b in await bot.balances("bot-holder")] == ["USD"]
    assert "ib-main" in {each.account for each in await bot.presence()}
    assert len(await bot.orders(ReportQuery(symbol="BOOKS"))) == 1
    assert len(await bot.fills(ReportQuery(symbol="BOOKS"))) == 1
    with pytest.raises(Denied, match="not in the registry"):
        await bot.resolve("UNSEEN")


async def test_fills_and_events_are_heard(bot, house):
    async with bot.heard_fills("ib-main") as fills, bot.heard_orders("ib-main") as orders:
        await bot.place(client.order("ib-main", "HEARD", Side.BUY, 1), until={S.FILLED})

        fill = await fills.next(timeout_s=30)
        states = [(await orders.next(timeout_s=30)).state for _ in range(3)]

    assert fill.symbol == "HEARD"
    assert states == [S.SENDING, S.WORKING, S.FILLED]


async def test_nobody_there_is_told_apart_from_no_answer(own_nats):
    async with client.connect(own_nats.url, principal="bot", data=False) as bot:
        with pytest.raises(NobodyListens, match="nothing was sent"):
            await bot.submit(client.order("ib-main", "AAPL", Side.BUY, 1))
        with pytest.raises(NobodyListens, match="registry"):
            await bot.orders()


async def test_an_answer_that_does_not_come_is_unknown_and_names_the_id(own_nats):
    async def say_nothing(received):
        """Take what comes, as a router that hangs would."""

    async with (
        bus.connect(own_nats.url, name="hanging") as router,
        client.connect(own_nats.url, principal="bot", data=False) as bot,
    ):
        await router.subscribe(subjects.intent(), Intent, say_nothing)
        reply = await bot.submit(client.order("ib-main", "AAPL", Side.BUY, 1), timeout_s=0.3)

    assert reply.outcome is Outcome.UNKNOWN
    assert reply.hint == f"janus orders show {reply.client_order_id}"


async def test_ticks_go_on_after_the_bus_was_away(own_nats):
    async with (
        fake_house(own_nats.url) as house,
        client.connect(own_nats.url, principal="bot") as bot,
        bot.ticks(["BACK"]) as ticks,
    ):
        await own_nats.kill()
        await own_nats.start()

        async def ticks_again():
            with contextlib.suppress(BusError):
                await house.bus.publish(subjects.tick("BACK"), tick("BACK", sequence=99))
            assert 99 in {each.sequence for each in ticks.taken()}

        await eventually(ticks_again, within_s=20)
