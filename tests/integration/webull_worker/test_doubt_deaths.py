"""Doubts that last, or outlive the worker that has them: second tries, several accounts, changes.

Kept apart as it takes long: that nothing arrived is believed only after a while.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from janus_common.bus import bus
from janus_common.errors import Code
from janus_common.messages import OrderState, Outcome, ServiceState, Tif

from tests.support.waiting import eventually
from tests.support.webull_worker import (
    ACCOUNTS,
    WebullDesk,
    WebullWorkerProcess,
    webull_desk,
    write_settings,
)

LIMIT_S = 40.0  # for READY and for what follows from it, on a busy machine


async def used_up(venue, name: str) -> None:
    """Wait until a fault has struck as often as it was to."""

    async def check():
        assert name not in {each["name"] for each in await venue.get("/faults")}

    await eventually(check)


async def tries(desk, name: str) -> list[dict[str, Any]]:
    """Return what the venue has of an order, under its own id or one derived from it."""
    rows = await desk.venue.get("/truth/orders")
    return [row for row in rows if row["order_ref"].startswith(name[:12])]


@pytest.fixture
async def fresh_desk(nats_url, webull_venue, tmp_path):
    """A desk of this test alone: it has not yet seen GTC refused."""
    async with webull_desk(nats_url, webull_venue, tmp_path, rates="current") as found:
        await webull_venue.fault("webull_no_gtc")
        yield found
        await webull_venue.delete("/faults")


async def killed(desk) -> None:
    """Kill the worker in mid-doubt, and start another."""
    await desk.workers[-1].kill()
    await desk.is_in(ServiceState.READY, await desk.start_worker(), within_s=LIMIT_S)


@pytest.mark.parametrize("dies", [False, True], ids=["", "killed"])
async def test_a_second_try_whose_answer_is_lost_is_adopted_as_the_one_order(fresh_desk, dies):
    desk = fresh_desk
    await desk.venue.fault("webull_lost_answer")  # of what is taken: GTC is not
    name = await desk.resting()
    await used_up(desk.venue, "webull_lost_answer")
    if dies:
        await killed(desk)

    working = await desk.order_is(name, OrderState.WORKING, within_s=LIMIT_S)

    (row,) = await tries(desk, name)
    assert row["order_ref"] != name
    assert working.tif is Tif.DAY
    assert (await desk.cancel(name)).outcome is Outcome.ACCEPTED
    await desk.order_is(name, OrderState.CANCELED)
    (row,) = await tries(desk, name)
    assert row["status"] == "Cancelled"


@pytest.mark.parametrize("dies", [False, True], ids=["", "killed"])
async def test_a_second_try_that_never_arrived_is_called_not_sent(fresh_desk, dies):
    desk = fresh_desk
    await desk.venue.fault("webull_timeout", path="/place", after=1)
    name = await desk.resting()
    await used_up(desk.venue, "webull_timeout")
    if dies:
        await killed(desk)

    done = await desk.order_is(name, OrderState.REJECTED, within_s=LIMIT_S)

    assert done.code is Code.NOT_SENT
    assert await tries(desk, name) == []


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"name": "webull_lost_answer"}, OrderState.WORKING),
        ({"name": "webull_timeout", "path": "/place"}, OrderState.REJECTED),
    ],
    ids=["taken", "never arrived"],
)
async def test_two_accounts_of_one_key_that_die_in_doubt_each_find_their_own_order(
    nats_url, webull_venue, tmp_path, fault, state
):
    aliases = {f"wb-{uuid.uuid4().hex[:8]}": account for account in ACCOUNTS}
    write_settings(tmp_path, nats_url, webull_venue, aliases, rates="current")
    async with bus.connect(nats_url, name="test-two") as house:
        await house.streams.provision()
        desks = [WebullDesk(house, webull_venue, tmp_path, alias) for alias in aliases]
        worker = await both_ready(tmp_path, desks)
        try:
            await webull_venue.fault(**fault, times=2)
            names = [await desk.resting() for desk in desks]
            await used_up(webull_venue, fault["name"])
            await worker.kill()

            worker = await both_ready(tmp_path, desks)

            for desk, name in zip(desks, names, strict=True):
                await desk.order_is(name, state, within_s=LIMIT_S)
                rows = await desk.truth(name)
                assert [row["account"] for row in rows] == [aliases[desk.alias]] * (
                    state is OrderState.WORKING
                )
                await desk.cancel_all()
        finally:
            assert await worker.stop() == 0


async def both_ready(folder, desks) -> WebullWorkerProcess:
    worker = WebullWorkerProcess(folder, desks[0].alias)
    worker.more = ("--account", desks[1].alias)
    await worker.start()
    for desk in desks:
        await desk.is_in(ServiceState.READY, worker, within_s=LIMIT_S)
    return worker


@pytest.mark.parametrize(
    ("fault", "terms", "code"),
    [
        ("webull_lost_answer", (51, 5), None),
        ("webull_timeout", (50, 2), Code.REPLACE_REFUSED),
    ],
    ids=["made", "never arrived"],
)
async def test_a_change_without_an_answer_is_pending_until_the_venue_shows_its_terms(
    desk, fault, terms, code
):
    name = await desk.resting()
    await desk.order_is(name, OrderState.WORKING)
    await desk.venue.fault(fault, path="/replace", times=2)  # so a second one is counted

    reply = await desk.replace(name, limit_price="51", qty="5")

    assert reply.outcome is Outcome.ACCEPTED, reply
    pending = await desk.order_is(name, OrderState.REPLACE_PENDING)
    other = await desk.replace(name, limit_price="52")
    await given_up_waiting(desk, name)
    working = await desk.order_is(name, OrderState.WORKING, within_s=LIMIT_S)
    await desk.cancel(name)
    await desk.order_is(name, OrderState.CANCELED)
    (row,) = await desk.truth(name)
    (struck,) = await desk.venue.get("/faults")
    assert (pending.limit_price, pending.qty) == (50, 2)
    assert (other.outcome, other.code) == (Outcome.DENIED, Code.REPLACE_REFUSED)
    assert (working.limit_price, working.qty) == (row["limit_price"], row["qty"]) == terms
    assert working.code is code
    assert struck["fired"] == 1


async def given_up_waiting(desk, name: str) -> None:
    """Wait until the worker has waited for an answer for as long as it does."""

    async def check():
        said = [line for line in desk.workers[-1].log() if line["event"] == "request.in_doubt"]
        assert name in {line["client_order_id"] for line in said}

    await eventually(check)
