"""Quotes, ticks, bars and history, as the real ib_async sees them."""

import asyncio
import socket
from contextlib import asynccontextmanager

import ib_async
import pytest
from janus_paper_venue import quotes as q
from janus_paper_venue.tws.options import Options, Permission

from tests.integration.paper_venue_tws.support import client, stock, venue
from tests.support.waiting import eventually


@pytest.mark.parametrize("version", [176, 178])
async def test_a_subscription_streams_the_market(running, version):
    async with client(running, version=version) as ib:
        ticker = ib.reqMktData(stock(running), "")
        await eventually(lambda: ticker.bid == 100.0 and ticker.ask == 100.02)
        assert ticker.marketDataType == 1
        assert ticker.bidSize == 500.0

        running.show(bid="101.00", ask="101.01", size="300")
        await eventually(lambda: (ticker.bid, ticker.askSize) == (101.0, 300.0))
        assert ticker.lastTimestamp is not None


async def test_a_change_of_size_alone_is_one_message(running):
    async with client(running) as ib:
        ticker = ib.reqMktData(stock(running), "")
        await eventually(lambda: ticker.bid == 100.0)
        before = running.face.sessions()[0].messages_out

        running.show(size="77", changed=q.BID_SIZE)

        await eventually(lambda: ticker.bidSize == 77.0)
        assert running.face.sessions()[0].messages_out == before + 1


async def test_a_side_without_a_quote_is_minus_one_with_size_zero(running):
    async with client(running) as ib:
        ticker = ib.reqMktData(stock(running), "")
        await eventually(lambda: ticker.bid == 100.0)

        running.show(bid=None, ask="100.02", last="100.01")

        await eventually(lambda: (ticker.bid, ticker.bidSize) == (-1, 0))


async def test_a_halt_is_reported(running):
    async with client(running) as ib:
        ticker = ib.reqMktData(stock(running), "")
        await eventually(lambda: ticker.halted == 0)

        running.show(halted=True, changed=q.HALTED)

        await eventually(lambda: ticker.halted == 1)


async def test_a_canceled_subscription_is_silent_and_a_second_cancel_is_300(running):
    async with client(running) as ib:
        contract = stock(running)
        ticker = ib.reqMktData(contract, "")
        await eventually(lambda: ticker.bid == 100.0)
        req_id = ib.wrapper.ticker2ReqId["mktData"][ticker]
        ib.cancelMktData(contract)
        await ib.reqCurrentTimeAsync()

        running.show(bid="105.00", ask="105.01")
        ib.client.cancelMktData(req_id)
        await eventually(lambda: (req_id, 300) in [(n, code) for n, code, _ in ib.heard])

        assert ticker.bid == 100.0


async def test_a_snapshot_ends_by_itself(running):
    async with client(running) as ib:
        [ticker] = await ib.reqTickersAsync(stock(running))

        assert (ticker.bid, ticker.ask) == (100.0, 100.02)
        assert running.face.login._lines == {}


async def test_a_snapshot_with_generic_ticks_is_refused(running):
    async with client(running) as ib:
        ib.client.reqMktData(900, stock(running), "233", True, False, [])

        await eventually(lambda: (900, 414) in [(n, code) for n, code, _ in ib.heard])


async def test_generic_ticks_bring_volume_and_shortability(running):
    async with client(running) as ib:
        ticker = ib.reqMktData(stock(running), "233,236")
        await eventually(lambda: ticker.shortableShares == 1_000_000)
        running.show(last="100.01")

        await eventually(lambda: ticker.vwap == 100.01)


async def test_delayed_data_is_live_where_live_is_subscribed(running):
    async with client(running) as ib:
        ib.reqMarketDataType(3)
        ticker = ib.reqMktData(stock(running), "")

        await eventually(lambda: ticker.bid == 100.0)
        assert ticker.marketDataType == 1


async def test_without_permission_delayed_data_is_shown_to_who_asks():
    options = Options(data=Permission.DELAYED)
    async with venue(options=options) as running, client(running) as ib:
        ib.reqMktData(stock(running, "MSFT"), "")
        await eventually(lambda: 10089 in [code for _, code, _ in ib.heard])

        ib.reqMarketDataType(3)
        ticker = ib.reqMktData(stock(running), "")
        await eventually(lambda: ticker.bid == 100.0)

        assert ticker.marketDataType == 3
        assert 10167 in [code for _, code, _ in ib.heard]


@pytest.mark.parametrize(("kind", "code"), [(1, 354), (3, 10168)])
async def test_without_any_permission_data_is_refused(kind, code):
    options = Options(data=Permission.NONE)
    async with venue(options=options) as running, client(running) as ib:
        ib.reqMarketDataType(kind)
        ib.reqMktData(stock(running), "")

        await eventually(lambda: code in [code for _, code, _ in ib.heard])


async def test_one_line_too_many_is_101():
    async with venue(options=Options(lines=2)) as running, client(running) as ib:
        for number, symbol in enumerate(["AAPL", "MSFT", "TSLA"]):
            ib.client.reqMktData(900 + number, stock(running, symbol), "", False, False, [])

        await eventually(lambda: (902, 101) in [(n, code) for n, code, _ in ib.heard])
        ib.client.cancelMktData(900)
        ib.client.reqMktData(903, stock(running, "TSLA"), "", False, False, [])
        await ib.reqCurrentTimeAsync()
        assert 903 not in [n for n, _, _ in ib.heard]


async def test_a_request_id_in_use_is_322(running):
    async with client(running) as ib:
        for symbol in ("AAPL", "MSFT"):
            ib.client.reqMktData(900, stock(running, symbol), "", False, False, [])

        await eventually(lambda: (900, 322) in [(n, code) for n, code, _ in ib.heard])


async def test_an_unknown_contract_is_200(running):
    async with client(running) as ib:
        ib.client.reqMktData(900, ib_async.Stock("NOPE", "SMART", "USD"), "", False, False, [])

        await eventually(lambda: (900, 200) in [(n, code) for n, code, _ in ib.heard])


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [("Last", "price"), ("AllLast", "price"), ("BidAsk", "bidPrice"), ("MidPoint", "midPoint")],
)
async def test_ticks_come_one_by_one(running, kind, attribute):
    async with client(running) as ib:
        ticker = ib.reqTickByTickData(stock(running), kind)
        await ib.reqCurrentTimeAsync()
        heard = []
        ticker.updateEvent += lambda one: heard.extend(one.tickByTicks)

        running.show(bid="101.00", ask="101.02", last="101.01")

        await eventually(lambda: len(heard) == 1)
        assert getattr(heard[0], attribute) == pytest.approx(101.01, abs=0.02)


async def test_the_sixth_tick_by_tick_subscription_is_refused(running):
    async with client(running) as ib:
        for number in range(6):
            ib.client.reqTickByTickData(900 + number, stock(running), "Last", 0, False)

        await eventually(lambda: (905, 10190) in [(n, code) for n, code, _ in ib.heard])


@pytest.mark.parametrize("what", ["TRADES", "MIDPOINT", "BID", "ASK"])
async def test_five_second_bars_come_even_without_trades(running, what):
    async with client(running) as ib:
        bars = ib.reqRealTimeBars(stock(running), 5, what, useRTH=False)
        await ib.reqCurrentTimeAsync()

        running.face.login._seconds = 4  # the next beat is the fifth
        running.face.login.beat()

        await eventually(lambda: len(bars) == 1)
        assert bars[0].close == pytest.approx(100.01, abs=0.02)


@pytest.mark.parametrize(
    ("duration", "size", "count"),
    [("1 D", "1 min", 1440), ("1 W", "1 hour", 168), ("1 Y", "1 day", 365), ("60 S", "5 secs", 12)],
)
async def test_history_has_the_bars_that_were_asked_for(running, duration, size, count):
    async with client(running) as ib:
        bars = await ib.reqHistoricalDataAsync(
            stock(running), "", duration, size, "TRADES", useRTH=False
        )

        assert count <= len(bars) <= count + 1
        assert all(bar.low <= min(bar.open, bar.close) for bar in bars)
        assert all(bar.high >= max(bar.open, bar.close) for bar in bars)
        assert bars[-1].close == pytest.approx(100.0, rel=0.02)
        assert bars[-1].date > bars[0].date


async def test_the_same_history_twice_is_the_same(running):
    async with client(running) as ib:
        end = "20261101 12:00:00 UTC"
        ask = (stock(running), end, "1 D", "15 mins", "MIDPOINT")
        first = await ib.reqHistoricalDataAsync(*ask, useRTH=True, formatDate=2)
        again = await ib.reqHistoricalDataAsync(*ask, useRTH=True, formatDate=2)

        assert [bar.close for bar in first] == pytest.approx([bar.close for bar in again], rel=1e-3)
        assert len(first) == len(again) == 96


async def test_a_history_kept_up_to_date_goes_on(running):
    async with client(running) as ib:
        bars = await ib.reqHistoricalDataAsync(
            stock(running), "", "600 S", "5 secs", "TRADES", useRTH=False, keepUpToDate=True
        )
        heard = []
        bars.updateEvent += lambda _, new: heard.append(new)
        running.show(bid="103.00", ask="103.02", last="103.01")
        running.face.login._seconds = 4
        running.face.login.beat()

        await eventually(lambda: len(heard) == 1)
        ib.cancelHistoricalData(bars)


@pytest.mark.parametrize(
    "changes", [{"barSizeSetting": "7 mins"}, {"durationStr": "1 Q"}, {"whatToShow": "MOOD"}]
)
async def test_history_that_makes_no_sense_is_refused(running, changes):
    async with client(running) as ib:
        ask = {"durationStr": "1 D", "barSizeSetting": "1 min", "whatToShow": "TRADES"} | changes
        ib.client.reqHistoricalData(900, stock(running), "", *ask.values(), True, 1, False, [])

        await eventually(lambda: (900, 321) in [(n, code) for n, code, _ in ib.heard])


@pytest.mark.parametrize("what", ["TRADES", "BID_ASK", "MIDPOINT"])
async def test_historical_ticks_come(running, what):
    async with client(running) as ib:
        ticks = await ib.reqHistoricalTicksAsync(stock(running), "", "", 50, what, useRth=False)

        assert len(ticks) == 50


async def test_the_first_date_of_a_history_is_known(running):
    async with client(running) as ib:
        first = await ib.reqHeadTimeStampAsync(stock(running), "TRADES", useRTH=True, formatDate=1)

        assert first.year == 2000


async def test_a_client_that_does_not_read_gets_the_newest_state_and_harms_nobody(running):
    async with client(running, 1) as other, reading_slowly(running) as reader:
        slow = next(one for one in running.face._open if one.seen().client_id == 2)
        for number in range(300_000):
            running.show(bid=f"{90 + number % 10}.00", ask="110.00")
            if number % 500 == 0:
                await asyncio.sleep(0)
            if slow._outbox.is_full:
                break

        assert slow._outbox.is_full
        assert await other.reqCurrentTimeAsync()
        unsent = slow._transport.get_write_buffer_size()
        for number in range(1000):
            running.show(bid=f"{90 + number % 10}.00", ask="110.00")
        await asyncio.sleep(0)
        assert slow._transport.get_write_buffer_size() <= unsent

        running.show(bid="42.00", ask="43.00")
        data = b""
        async with asyncio.timeout(20):
            while b"\x0042.00\0" not in data:
                data = data[-20:] + await reader.read(1 << 20)


@asynccontextmanager
async def reading_slowly(running):
    """Subscribe over a socket that takes little and is read only on request."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", running.port))
        reader, writer = await asyncio.open_connection(sock=raw, limit=1024)
        try:
            await greet_and_subscribe(writer, running)
            await eventually(lambda: len(running.face.login._lines) == 1)
            yield reader
        finally:
            writer.close()


async def greet_and_subscribe(writer, running) -> None:
    def frame(*fields) -> bytes:
        body = b"".join(str(field).encode() + b"\0" for field in fields)
        return len(body).to_bytes(4, "big") + body

    hello = b"v157..178"
    writer.write(b"API\0" + len(hello).to_bytes(4, "big") + hello)
    writer.write(frame(71, 2, 2, ""))
    contract = [running.con_id("AAPL"), "", "", "", "", "", "", "SMART", "", "", "", ""]
    writer.write(frame(1, 11, 900, *contract, 0, "", 0, 0, ""))
    await writer.drain()
