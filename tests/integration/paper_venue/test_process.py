"""The venue as a process: starts, stops, kills, wrong options."""

from __future__ import annotations

import asyncio
import gzip
import socket
import sys
from pathlib import Path

import pytest
from ib_async import IB, LimitOrder, MarketOrder, Stock

from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually

WEBULL = ("--webull", "127.0.0.1:0", "--webull-keys", "k1:s1:WB0001")
IBM = Stock(conId=8314, exchange="SMART")


async def run(*options: str) -> tuple[int, str]:
    """Run a venue that must not start; return its exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "janus_paper_venue", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def test_it_stops_cleanly_when_asked(tmp_path):
    async with paper_venue(tmp_path) as venue:
        client = IB()
        await client.connectAsync("127.0.0.1", venue.tws_port, clientId=1, timeout=20)

        assert await venue.stop() == 0

        client.disconnect()
        assert [line["event"] for line in venue.log()][-1] == "service.stopped"


async def test_what_was_accepted_survives_a_kill(tmp_path):
    async with paper_venue(tmp_path, "--tick-rate", "0") as venue:
        client = IB()
        await client.connectAsync("127.0.0.1", venue.tws_port, clientId=1, timeout=20)
        bought = client.placeOrder(
            IBM, MarketOrder("BUY", 10, account=ACCOUNTS[0], orderRef="a", tif="DAY")
        )
        resting = client.placeOrder(
            IBM, LimitOrder("BUY", 10, 100, account=ACCOUNTS[0], orderRef="b", tif="GTC")
        )
        await eventually(lambda: bought.isDone() and resting.orderStatus.status == "Submitted")
        before = [await venue.get(f"/truth/{name}") for name in ("orders", "executions")]

        await venue.kill()
        client.disconnect()
        await venue.start()

        after = [await venue.get(f"/truth/{name}") for name in ("orders", "executions")]
        assert after == before
        await client.connectAsync("127.0.0.1", venue.tws_port, clientId=1, timeout=20)
        assert [one.orderRef for one in client.openOrders()] == ["b"]
        assert client.client.getReqId() > resting.order.orderId
        client.disconnect()


async def test_a_recording_is_the_market(tmp_path):
    start_ns = 1_381_152_600_000_000_000
    rows = ["ts_ns,kind,price,size", f"{start_ns},trade,10.00,100"]
    rows += [f"{start_ns},bid,9.99,500", f"{start_ns},ask,10.01,70000"]
    rows += [f"{start_ns + n * 10_000_000},bid,{9.99 + n / 100:.2f},500" for n in range(1, 3)]
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "ZZZ.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))

    async with paper_venue(tmp_path, "--ticks", str(tmp_path)) as venue:

        async def last():
            rows = await venue.get("/market/history", symbol="ZZZ")
            return rows if rows[-1]["bid"] == 10.01 else False

        shown = await eventually(last)

    assert [(row["bid"], row["ask"]) for row in shown] == [
        (9.99, 10.01),
        (10.0, 10.01),
        (10.01, 10.01),
    ]
    assert shown[-1]["source_ns"] == start_ns + 20_000_000
    assert shown[-1]["ask_size"] < 1_500


@pytest.mark.parametrize("option", ["--tws", "--control", "--webull", "--webull-events"])
async def test_a_port_in_use_is_named(tmp_path: Path, option: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = dict.fromkeys(("--tws", "--control", "--webull", "--webull-events"), "127.0.0.1:0")
        ports[option] = f"127.0.0.1:{port}"
        words = [word for pair in ports.items() for word in pair] + [*WEBULL[2:]]

        code, said = await run(*words, "--state", str(tmp_path))

    assert code == 78
    assert f"{option} 127.0.0.1:{port}: port {port} is in use" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--accounts", "DU1,du2"), "--accounts: 'du2' is no account id"),
        (("--accounts", ","), "--accounts: at least one"),
        (("--tws", "127.0.0.1"), "--tws 127.0.0.1: not HOST:PORT"),
        (("--tws", "127.0.0.1:99999"), "--tws 127.0.0.1:99999: not HOST:PORT"),
        (("--ticks", "/nowhere"), "--ticks /nowhere: no such folder"),
        (("--webull", "127.0.0.1:0"), "--webull, --webull-keys and --webull-events: give"),
        (("--webull-events", "127.0.0.1:0"), "--webull, --webull-keys and --webull-events: give"),
        ((*WEBULL, "--webull-events", "here"), "--webull-events here: not HOST:PORT"),
        (("--webull", "here", *WEBULL[2:]), "--webull here: not HOST:PORT"),
        ((*WEBULL[:2], "--webull-keys", "k:s"), "--webull-keys: app key 1 is not of the form"),
    ],
    ids=lambda one: one[-1] if isinstance(one, tuple) else "",
)
async def test_a_wrong_option_ends_it_with_one_line(tmp_path, options, words):
    code, said = await run(
        *("--tws", "127.0.0.1:0", "--control", "127.0.0.1:0", "--state", str(tmp_path)), *options
    )

    assert code == 78
    assert words in said
    assert said.count("\n") == 1
