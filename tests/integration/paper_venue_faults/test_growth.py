"""What strangers send costs the venue nothing that stays, and its clients notice nothing."""

from __future__ import annotations

import asyncio
import random
import struct
from pathlib import Path

from ib_async import IB, MarketOrder, Stock
from janus_paper_venue.tws.wire import frame

from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually

HELLO = b"API\0" + struct.pack(">I", 9) + b"v157..178"
MAX_GROWTH_KB = 24_000
ROUNDS, AT_ONCE = 6, 100
MEGABYTE = 1 << 20


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def garbage(chance: random.Random) -> bytes:
    """One of the things that strangers send."""
    start = frame(71, 2, chance.randrange(1_000, 10_000), "")
    return chance.choice(
        [
            chance.randbytes(4_000),
            HELLO + start + chance.randbytes(4_000),
            HELLO + struct.pack(">I", 1 << 30) + chance.randbytes(1_000),
            HELLO + start + struct.pack(">I", 200_000) + bytes(MEGABYTE // 8),
            HELLO + start + frame(chance.randrange(200), *["x" * 100] * 30) * 20,
            HELLO[: chance.randrange(1, 12)],
        ]
    )


async def stranger(port: int, data: bytes) -> None:
    """Connect, send, and go without a word."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        await writer.drain()
        async with asyncio.timeout(0.2):
            await reader.read()
    except (OSError, TimeoutError):
        return
    finally:
        writer.close()


async def test_memory_stays_and_other_sessions_trade_on(tmp_path):
    chance = random.Random(3)
    async with paper_venue(tmp_path) as venue:
        ib = IB()
        await ib.connectAsync("127.0.0.1", venue.tws_port, clientId=1, timeout=20)
        ticker = ib.reqMktData(Stock(conId=265598, exchange="SMART"), "")
        pid = venue._process.pid
        sizes = []
        for _ in range(ROUNDS):
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(stranger(venue.tws_port, garbage(chance)))
            sizes.append(resident_kb(pid))
        assert sizes[-1] - sizes[0] < MAX_GROWTH_KB, sizes

        order = MarketOrder("BUY", 1, account=ACCOUNTS[0], tif="DAY")
        trade = ib.placeOrder(Stock(conId=265598, exchange="SMART"), order)
        await eventually(lambda: trade.orderStatus.status == "Filled" and ticker.bid > 0)
        await eventually(lambda: alone(venue))
        ib.disconnect()


async def alone(venue) -> bool:
    return [one["client_id"] for one in await venue.get("/truth/sessions")] == [1]
