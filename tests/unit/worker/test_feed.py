"""Lines that are opened again while market data changes its mind."""

from __future__ import annotations

import asyncio
from typing import Any

from janus_common.bus.service import Asked
from janus_common.messages import FeedRequest, Instrument
from janus_common.symbols import AssetClass
from janus_common.worker.feed import Feed


class SlowSession:
    """Takes a loop turn for each line."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def open_line(self, instrument: Instrument) -> None:
        self.lines.append(instrument.symbol)
        await asyncio.sleep(0)

    async def close_line(self, symbol: str) -> None:
        if symbol in self.lines:
            self.lines.remove(symbol)


def asked(symbol: str) -> Asked[FeedRequest]:
    instrument = Instrument(symbol=symbol, asset_class=AssetClass.EQUITY)
    return Asked(FeedRequest(instrument=instrument), "direct")


async def test_a_line_that_is_given_up_while_others_are_opened_again_stays_closed():
    feed, first = Feed(), SlowSession()
    session: Any = first
    feed.attach(session)
    for symbol in ("AAPL", "MSFT"):
        await feed.subscribe(asked(symbol))
    feed.detach()

    second: Any = SlowSession()
    feed.attach(second)
    async with asyncio.TaskGroup() as group:
        group.create_task(feed.reopen(second))
        await asyncio.sleep(0)
        await feed.unsubscribe(asked("MSFT"))

    assert first.lines == ["AAPL", "MSFT"]
    assert second.lines == ["AAPL"]
