"""Questions that our own pacing keeps back: the session outlives them, a mute gateway does not."""

from __future__ import annotations

from typing import Any

import pytest
from janus_common.errors import BrokerUnavailable, NoTurn
from janus_common.messages import Instrument
from janus_common.symbols import AssetClass
from janus_common.worker.pacing import Rank
from janus_ib_worker.session import HEARTBEAT_S, GatewaySession
from janus_ib_worker.translate import Ours

AAPL = Instrument(
    symbol="AAPL", asset_class=AssetClass.EQUITY, exchange="SMART", currency="USD", ib_conid=265598
)


class Over(Exception):
    """The test has seen enough."""


class Full:
    """Turns that are all taken; what happens while one waits is up to the test."""

    def __init__(self) -> None:
        self.is_full = True
        self.waited_s: list[float] = []
        self.session: GatewaySession | None = None
        self.heard = False

    async def take(self, rank: Rank, *, within_s: float) -> None:
        self.waited_s.append(within_s)
        if self.session is not None and self.heard:
            self.session.has_heard = True
        if self.is_full:
            raise TimeoutError

    def wait_s(self, rank: Rank, count: int) -> float:
        return 0.0


class Wire:
    """A gateway that says nothing; its end is not waited for."""

    is_connected = True

    def __init__(self, *, rounds: int = 100) -> None:
        self.rounds = rounds
        self.asked: list[str] = []

    async def wait_end(self, *, within_s: float) -> None:
        self.rounds -= 1
        if self.rounds < 0:
            raise Over

    def ask_ticks(self, request: int, instrument: Instrument) -> None:
        self.asked.append(instrument.symbol)


def session_over(wire: Wire, turns: Full) -> GatewaySession:
    told: Any = wire
    turns.session = GatewaySession(
        "main",
        "DU1",
        wire=told,
        ours=Ours(11),
        pacer=turns,
        take_order_id=str,
        sink=lambda _: None,
        ticks=lambda _: None,
    )
    return turns.session


async def test_a_question_without_a_turn_is_told_from_a_broker_that_does_not_answer():
    session = session_over(Wire(), Full())

    with pytest.raises(NoTurn, match="no turn within 10 s"):
        await session.ask_time()


async def test_a_heartbeat_without_a_turn_ends_nothing_while_the_gateway_talks():
    turns = Full()
    turns.heard = True
    session = session_over(Wire(rounds=3), turns)

    with pytest.raises(Over):
        await session.ended()

    assert len(turns.waited_s) == 3


async def test_a_gateway_that_is_mute_under_a_burst_is_given_up_as_soon_as_ever():
    turns = Full()
    session = session_over(Wire(), turns)

    with pytest.raises(BrokerUnavailable, match="does not answer") as ended:
        await session.ended()

    assert not isinstance(ended.value, NoTurn)
    assert turns.waited_s == [HEARTBEAT_S]


async def test_a_line_that_had_no_turn_is_opened_when_it_is_asked_for_again():
    turns, wire = Full(), Wire()
    session = session_over(wire, turns)
    with pytest.raises(BrokerUnavailable):
        await session.open_line(AAPL)
    turns.is_full = False

    await session.open_line(AAPL)

    assert wire.asked == ["AAPL"]
