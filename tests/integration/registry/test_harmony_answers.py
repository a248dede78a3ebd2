"""What a broker may do instead of answering a harmony well."""

from __future__ import annotations

import pytest
from janus_common.clock import monotonic_s
from janus_common.messages import Harmonized

from tests.support.lookup_double import lookup_double
from tests.support.messages import instrument
from tests.support.symbols import FOUND, bare, listed, names

LISTED = {FOUND: [instrument()]}


@pytest.mark.parametrize(
    ("manner", "result"),
    [("twice", Harmonized.FILLED), ("garbage", Harmonized.UNANSWERED)],
)
async def test_an_odd_answer_harms_nothing(house, manner, result):
    await house.put(bare())

    async with lookup_double(house.url, "ib", LISTED) as worker:
        worker.manner = manner
        [line] = (await house.harmonized()).lines

    assert line.result is result


async def test_of_two_thousand_candidates_the_first_are_named_with_their_number(house):
    many = [instrument(symbol="XYZ", ib_conid=number) for number in range(1, 51)]
    await house.put(bare("XYZ"))

    async with lookup_double(house.url, "ib", {"XYZ": many}) as worker:
        worker.count = 2_000
        [line] = (await house.harmonized()).lines

    assert (line.result, line.count, len(line.candidates)) == (Harmonized.AMBIGUOUS, 2_000, 10)
    assert "any of 2000" in line.reason


async def test_an_answer_that_comes_too_late_is_none_and_is_asked_for_again(house):
    for symbol in names(3):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", listed(names(3))) as worker:
        worker.manner = "late"
        unanswered = await house.harmonized()
        worker.go.set()
        between = (await house.page()).instruments
        answered = await house.harmonized()

    assert {line.result for line in unanswered.lines} == {Harmonized.UNANSWERED}
    assert "no answer in time" in unanswered.lines[0].reason
    assert {row.ib_conid for row in between} == {None}
    assert answered.progress.results == {"FILLED": 3}


async def test_what_stayed_without_an_answer_is_asked_once_more_behind_the_others(house):
    for symbol in names(10):
        await house.put(bare(symbol))

    async with lookup_double(house.url, "ib", listed(names(10))) as worker:
        worker.garbles = {"S0"}
        reply = await house.harmonized()

    assert reply.progress.results == {"FILLED": 10}
    assert (worker.asked[-1], worker.asked.count("S0")) == ("S0", 2)


async def test_a_broker_that_goes_away_is_not_asked_a_thousand_times(house):
    symbols = names(200)
    for symbol in symbols:
        await house.put(bare(symbol))
    async with lookup_double(house.url, "ib", listed(symbols)):
        pass  # its presence stays for some seconds

    began_s = monotonic_s()
    reply = await house.harmonized()

    assert monotonic_s() - began_s < 5
    assert len(reply.lines) == 200
    assert {line.result for line in reply.lines} == {Harmonized.UNANSWERED}
    assert reply.lines[-1].reason == (
        "Interactive Brokers has left 24 questions unanswered; not asked"
    )
