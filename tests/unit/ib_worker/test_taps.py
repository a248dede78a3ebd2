"""What the gateway reports and is not handed on as it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from ib_async.contract import Contract
from ib_async.objects import Execution
from janus_common.clock import monotonic_s
from janus_common.messages import Instrument, Tick
from janus_common.symbols import AssetClass
from janus_common.worker.broker import ExecutionReport, FarmChange
from janus_common.worker.pacing import Pacer
from janus_ib_worker.lines import Line
from janus_ib_worker.session import GatewaySession
from janus_ib_worker.taps import Taps
from janus_ib_worker.translate import Ours

ACCOUNT = "DU1"
WIRELESS: Any = None  # nothing is sent


class Heard:
    """Taps over a session without a wire, and what came out of it."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.ticks: list[Tick] = []
        self.session = GatewaySession(
            "main",
            ACCOUNT,
            wire=WIRELESS,
            ours=Ours(11),
            pacer=Pacer(monotonic_s=monotonic_s),
            take_order_id=str,
            sink=self.events.append,
            ticks=self.ticks.append,
        )
        self.taps = Taps(self.session)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def execution(number: str, kind: str) -> tuple[Contract, Execution]:
    contract = Contract(secType=kind, symbol="AAPL", conId=1, currency="USD")
    done = Execution(
        execId=number,
        time=dt.datetime(2026, 1, 5, 15, tzinfo=dt.UTC),
        acctNumber=ACCOUNT,
        side="BOT",
        shares=1,
        price=2.5,
        permId=9,
    )
    return contract, done


def test_a_combination_is_the_fills_of_its_legs(heard):
    for number, kind in (("0001.01", "BAG"), ("0002.01", "STK"), ("0003.01", "STK")):
        heard.taps.execDetails(-1, *execution(number, kind))

    reports = [event for event in heard.events if isinstance(event, ExecutionReport)]
    assert [report.execution_id for report in reports] == ["0002", "0003"]


async def test_a_combination_is_left_out_of_an_answer_too(heard):
    heard.session.questions.ask(7)
    heard.taps.execDetails(7, *execution("0001.01", "BAG"))
    heard.taps.execDetails(7, *execution("0002.01", "STK"))

    heard.taps.execDetailsEnd(7)

    assert [report.execution_id for report in heard.events] == ["0002"]


def test_a_competing_session_lasts_until_the_first_tick(heard):
    instrument = Instrument(symbol="AAPL", asset_class=AssetClass.EQUITY, ib_conid=1)
    request = 1_500_000_001
    for _ in range(2):  # once for each line
        heard.taps.error(request, 10197, "No market data during competing live session", "")
    heard.session.lines[request] = Line(instrument, source="main")

    for _ in range(2):
        heard.taps.priceSizeTick(request, 1, 250.0, 3.0)

    changes = [event.is_broken for event in heard.events if isinstance(event, FarmChange)]
    assert changes == [True, True, False]
    assert [tick.bid for tick in heard.ticks] == [250.0, 250.0]


async def test_a_competing_session_is_of_no_interest_once_nobody_wants_ticks(heard):
    heard.taps.error(1_500_000_001, 10197, "No market data during competing live session", "")

    await heard.session.close_line("AAPL")

    changes = [event.is_broken for event in heard.events if isinstance(event, FarmChange)]
    assert changes == [True, False]
