"""Ten accounts on one key: one worker, within the slow table that the venue enforces, none starved."""

from __future__ import annotations

import asyncio
import uuid

from janus_common.bus import bus
from janus_common.messages import OrderState, ServiceState

from tests.support.venue import paper_venue
from tests.support.webull_worker import (
    KEY,
    SECRET,
    WebullDesk,
    WebullWorkerProcess,
    write_settings,
)

MANY = [f"WBMANY{number:02}" for number in range(10)]
KEYS = f"{KEY}:{SECRET}:{'+'.join(MANY)}\n"
WITHIN_S = 90.0  # three of the longest windows: each account waits for its turn once or twice


async def test_ten_accounts_trade_within_the_limits_of_their_key(nats_url, tmp_path):
    folder = tmp_path / "venue"
    folder.mkdir()
    aliases = {f"wb-{uuid.uuid4().hex[:8]}": account for account in MANY}
    options = ("--tick-rate", "0", "--webull-rates", "legacy")
    async with (
        paper_venue(folder, *options, webull_keys=KEYS) as venue,
        bus.connect(nats_url, name="test-many") as house,
    ):
        await venue.pin("AAPL", 187.40, 187.42)
        await house.streams.provision()
        write_settings(
            tmp_path / "worker", nats_url, venue, aliases, rates="legacy", busy_sweep_s=15.0
        )
        worker = WebullWorkerProcess(tmp_path / "worker", next(iter(aliases)))
        worker.more = tuple(word for alias in list(aliases)[1:] for word in ("--account", alias))
        await worker.start()
        desks = [WebullDesk(house, venue, tmp_path, alias) for alias in aliases]
        try:
            for desk in desks:
                await desk.is_in(ServiceState.READY, within_s=WITHIN_S)
            async with asyncio.TaskGroup() as group:
                for desk in desks:
                    group.create_task(_trade(desk))
        finally:
            assert await worker.stop() == 0
    said = [line["event"] for line in worker.log()]
    assert "broker.paced" not in said


async def _trade(desk: WebullDesk) -> None:
    reply = await desk.place("AAPL", 1, timeout_s=40.0)
    assert reply.order is not None, reply
    name = reply.order.client_order_id
    await desk.order_is(name, OrderState.FILLED, within_s=WITHIN_S)
    assert len(await desk.truth(name)) == 1
