"""Trade events: who may subscribe, what is told of an order, and how streams go wrong."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.venue import paper_venue
from tests.support.waiting import eventually
from tests.support.webull import ACCOUNTS, KEYS, OTHER_ACCOUNT, OTHER_KEY, OTHER_SECRET
from tests.support.webull_events import PING, subscribed

SUBSCRIBED, AUTH_ERROR, TOO_MANY, EXPIRED = 0, 2, 3, 4
RESTING = {"order_type": "LIMIT", "limit_price": "100"}


@pytest.fixture
async def heard(venue, client):
    async with subscribed(venue.events_port) as stream:
        await stream.kind(SUBSCRIBED)
        yield stream


async def test_a_fill_is_told_at_once(heard, client):
    name = await client.place()

    one = await heard.event()

    assert one["client_order_id"] == name
    assert (one["scene_type"], one["order_status"]) == ("FINAL_FILLED", "FILLED")
    assert (one["qty"], one["filled_qty"], one["filled_price"]) == ("10.00", "10.00", "227.5")
    assert one["account_id"] == ACCOUNTS[0]


async def test_a_part_is_told_with_what_is_filled_so_far(heard, client):
    await client.place(qty="1500", order_type="LIMIT", limit_price="227.5")

    await eventually(lambda: heard.scenes()[-1:] == [("FINAL_FILLED", "1500.00")])
    assert {scene for scene, _ in heard.scenes()[:-1]} == {"FILLED"}
    filled = [float(qty) for _, qty in heard.scenes()]
    assert filled == sorted(filled)


async def test_changes_and_cancels_are_told_and_resting_is_not(heard, client):
    name = await client.place(**RESTING)
    await client.replace(client_order_id=name, qty="11", **RESTING)
    await client.cancel(name)

    assert (await heard.event())["scene_type"] == "MODIFY_SUCCESS"
    assert (await heard.event(2))["scene_type"] == "CANCEL_SUCCESS"


async def test_pings_come_at_their_pace(heard):
    await eventually(lambda: heard.kinds.count(PING) >= 3)


async def test_another_account_hears_nothing(venue, client):
    async with subscribed(venue.events_port, [ACCOUNTS[1]]) as other:
        await other.kind(SUBSCRIBED)
        await client.place(ACCOUNTS[0])
        name = await client.place(ACCOUNTS[1])
        assert (await other.event())["client_order_id"] == name


@pytest.mark.parametrize(
    ("accounts", "signing"),
    [
        (ACCOUNTS, {"secret": "wrong"}),
        (ACCOUNTS, {"key": "nobody"}),
        (ACCOUNTS, {"key": OTHER_KEY, "secret": OTHER_SECRET}),
        ([OTHER_ACCOUNT], {}),
        ([], {}),
        (ACCOUNTS, {"x_timestamp": "2020-01-01T00:00:00Z"}),
    ],
    ids=["secret", "key", "not its account", "one of another", "no account", "clock"],
)
async def test_who_may_not_hear_is_told_so_and_the_stream_ends(venue, accounts, signing):
    async with subscribed(venue.events_port, accounts, **signing) as stream:
        assert await stream.ended() == "OK"
        assert stream.kinds == [AUTH_ERROR]


async def test_a_key_has_so_many_streams(tmp_path):
    async with paper_venue(tmp_path, webull_keys=KEYS) as venue, asyncio.TaskGroup() as group:
        end = asyncio.Event()
        streams = []

        async def hold():
            async with subscribed(venue.events_port) as stream:
                streams.append(stream)
                await end.wait()

        for _ in range(10):
            group.create_task(hold())
        await eventually(lambda: sum(SUBSCRIBED in one.kinds for one in streams) == 10)
        async with subscribed(venue.events_port) as stream:
            assert await stream.ended() == "OK"
            assert stream.kinds == [TOO_MANY]
        sessions = [one["face"] for one in await venue.get("/truth/sessions")]
        assert sessions.count("webull-events") == 10
        end.set()


async def test_a_day_order_ends_with_its_day_and_nothing_is_told(venue, heard, client):
    day = await client.place(**RESTING)
    gtc = await client.place(**RESTING, tif="GTC")

    await venue.post("/clock", {"to": "tomorrow"})

    assert (await client.detail(day))["order_status"] == "CANCELLED"
    await client.cancel(gtc)
    assert (await heard.event())["client_order_id"] == gtc
    assert len(heard.payloads) == 1


async def test_an_event_is_lost(heard, venue, client):
    await venue.fault("webull_lose_event")
    await client.place()
    name = await client.place()
    assert (await heard.event())["client_order_id"] == name


async def test_an_event_comes_twice(heard, venue, client):
    await venue.fault("webull_duplicate_event")
    await client.place()
    assert await heard.event(2) == await heard.event(1)


async def test_events_change_places(heard, venue, client):
    await venue.fault("webull_reorder_events")
    first, second = await client.place(), await client.place()
    await heard.event(2)
    names = [(await heard.event(n))["client_order_id"] for n in (1, 2)]
    assert names == [second, first]


async def test_an_event_comes_late(heard, venue, client):
    await venue.fault("webull_late_event", seconds=2)
    first, second = await client.place(), await client.place()
    names = [(await heard.event(n))["client_order_id"] for n in (1, 2)]
    assert names == [second, first]


async def test_an_event_is_no_json(heard, venue, client):
    await venue.fault("webull_bad_event")
    await client.place()
    await eventually(lambda: heard.payloads == ['{"order_status": "FILLED", '])


async def test_pings_flow_and_no_event_ever_comes(heard, venue, client):
    await venue.fault("webull_mute_events")
    await client.place()
    pings = heard.kinds.count(PING)
    await eventually(lambda: heard.kinds.count(PING) >= pings + 3)
    assert heard.payloads == []
    await venue.delete("/faults", name="webull_mute_events")
    await client.place()
    await heard.event()


async def test_streams_are_closed_as_if_all_were_well(heard, venue):
    await venue.fault("webull_close_stream")
    assert await heard.ended() == "OK"


async def test_streams_break(heard, venue):
    await venue.fault("webull_break_stream")
    assert await heard.ended() == "UNAVAILABLE"


async def test_streams_expire(heard, venue):
    await venue.fault("webull_expire_stream")
    assert await heard.ended() == "OK"
    assert heard.kinds[-1] == EXPIRED


async def test_streams_end_every_so_often(venue, client):
    await venue.fault("webull_short_streams", amount=0.3)
    for _ in range(2):
        async with subscribed(venue.events_port) as stream:
            assert await stream.ended() == "OK"
            assert stream.kinds[0] == SUBSCRIBED


async def test_a_stream_is_frozen_and_goes_on(heard, venue, client):
    await venue.fault("webull_freeze")
    await venue.get("/faults")
    before = len(heard.kinds)
    name = await client.place()
    async with subscribed(venue.events_port) as other:
        with pytest.raises(AssertionError):
            await eventually(lambda: len(heard.kinds) > before + 1, within_s=1.0)
        assert other.kinds == []
    await venue.delete("/faults", name="webull_freeze")
    assert (await heard.event())["client_order_id"] == name


@pytest.mark.parametrize(
    ("fault", "kinds", "end"),
    [
        ("webull_no_streams", [], "UNAVAILABLE"),
        ("webull_auth_error", [AUTH_ERROR], "OK"),
        ("webull_too_many_streams", [TOO_MANY], "OK"),
    ],
)
async def test_a_subscription_is_refused(venue, client, fault, kinds, end):
    await venue.fault(fault, times=1)
    async with subscribed(venue.events_port) as stream:
        assert await stream.ended() == end
        assert stream.kinds == kinds
    async with subscribed(venue.events_port) as stream:
        await stream.kind(SUBSCRIBED)


async def test_an_order_fails_after_it_was_taken(heard, venue, client):
    await venue.fault("webull_fail_later", seconds=0.1)
    name = await client.place(**RESTING)
    assert (await client.detail(name))["order_status"] == "SUBMITTED"
    one = await heard.event()
    assert (one["scene_type"], one["order_status"]) == ("PLACE_FAILED", "FAILED")
    assert (await client.detail(name))["order_status"] == "FAILED"
