"""Whatever a client puts into its fields, the session answers and the venue stays whole."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from janus_paper_venue import quotes as q
from janus_paper_venue.catalogue import default_catalogue
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.quotes import Quote
from janus_paper_venue.tws.decode_order import ALLOCATION, CONTRACT, EXECUTION, HEAD, names
from janus_paper_venue.tws.link import Arrival
from janus_paper_venue.tws.login import Login
from janus_paper_venue.tws.options import Options
from janus_paper_venue.tws.outbox import Outbox
from janus_paper_venue.tws.requests import StartApi
from janus_paper_venue.tws.session import Session
from janus_paper_venue.tws.wire import unframe

from tests.unit.paper_venue_tws.test_decode import CALLS, STOCK, full_order, sent
from tests.unit.paper_venue_tws.test_outbox import Wire

VALUES = st.sampled_from(
    [
        *("", "0", "1", "-1", "5", "265598", "900", "2147483647", "9223372036854775806"),
        *("1.7976931348623157E308", "Infinity", "NaN", "-0.0", "1e20", "1e-20", "0.01"),
        *("AAPL", "STK", "SMART", "USD", "BUY", "LMT", "TRAIL", "DAY", "DU1", "All"),
        *("1 D", "1 min", "TRADES", "MIDPOINT", "BidAsk", "20261121 10:00:00", "C", "?"),
        *("99991231 23:59:59", "00010101 00:00:00", "\U0001f600", "x" * 300),
    ]
)


class Client:
    """A session without a socket."""

    def __init__(self) -> None:
        self.wire = Wire()
        exchange = Exchange(
            default_catalogue(date(2026, 11, 21)), accounts=("DU1",), now_ns=lambda: 10**18
        )
        exchange.show(
            Quote(
                con_id=265598,
                bid=Decimal(100),
                bid_size=Decimal(500),
                ask=Decimal("100.02"),
                ask_size=Decimal(500),
                last=Decimal(100),
                last_size=Decimal(1),
            ),
            q.ALL,
        )
        self.login = Login(exchange, Options(messages_per_s=None))
        self.login.open()
        self.session = Session(self.login, Outbox(self.wire), version=178, options="")
        self.say("71", "2", "1", "")

    def say(self, *message: str) -> None:
        self.session.handle(list(message), Arrival())

    async def settle(self) -> None:
        """Let the venue send, and read back all that it sent."""
        self.login.beat()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for data in self.wire.writes:
            assert unframe(data[: 4 + int.from_bytes(data[:4], "big")])
        assert not self.wire.is_aborted


GOOD = [sent(178, call, *args) for kind, call, args in CALLS if kind is not StartApi]


@st.composite
def spoiled(draw):
    """Draw a message that reads well, with some of its fields replaced."""
    message = [*draw(st.sampled_from(GOOD))]
    for place in draw(st.lists(st.integers(1, len(message)), max_size=3)):
        if place < len(message):
            message[place] = draw(VALUES)
    return message


@settings(deadline=None, max_examples=60)
@given(st.lists(spoiled(), max_size=25))
def test_any_request_with_any_fields_leaves_the_session_whole(messages):
    async def run() -> None:
        client = Client()
        for message in messages:
            client.say(*message)
        await client.settle()

    asyncio.run(run())


@pytest.mark.parametrize("duration", ["1 D", "999999 Y"])
@pytest.mark.parametrize("end", ["00010101 00:00:00", "19710101 00:00:00", "99991231 23:59:59"])
async def test_a_history_at_the_end_of_time_leaves_the_session_whole(end, duration):
    client = Client()
    for call, args in (
        ("reqHistoricalData", (end, duration, "1 month", "TRADES", True, 1, False, [])),
        ("reqHistoricalTicks", (end, "", 10, "TRADES", True, False, [])),
        ("reqHistoricalTicks", ("", end, 10, "TRADES", True, False, [])),
    ):
        client.say(*sent(178, call, 3, STOCK, *args))

    await client.settle()


ORDER = sent(178, "placeOrder", 4, STOCK, full_order(account="DU1"))
SHIFTING = set(names("secType orderType deltaNeutralOrderType hedgeType algoStrategy exchange"))
FIRST = [*CONTRACT, *HEAD, *ALLOCATION, *EXECUTION]
PLACES = [2 + at for at, name in enumerate(FIRST) if name not in SHIFTING]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 6),
            st.sampled_from(["MKT", "LMT", "STP", "STP LMT", "TRAIL", "MOC", "LIT"]),
            st.dictionaries(st.sampled_from(PLACES), VALUES, max_size=3),
        ),
        max_size=12,
    )
)
def test_any_order_with_any_fields_leaves_the_venue_whole(orders):
    async def run() -> None:
        client = Client()
        for order_id, kind, changes in orders:
            message = [*ORDER]
            message[1], message[18], message[20] = str(order_id), kind, "99.5"
            for place, value in changes.items():
                message[place] = value
            client.say(*message)
        for request in (["5", "1"], ["99", "0"], ["7", "3", "9", "0", *[""] * 6], ["58", "1"]):
            client.say(*request)
        await client.settle()
        assert not client.login.exchange.open_orders()

    asyncio.run(run())
