"""Lists that come in pages: what is no whole list says nothing of what is missing from it."""

from __future__ import annotations

from typing import Any

import pytest
from janus_common.errors import BrokerUnavailable
from janus_webull_worker.outcome import Answer
from janus_webull_worker.reading import Reading


class Pages:
    """Stands for the account, its key and its client: answers one page after the other."""

    account_id = "1"

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.key = self.client = self
        self._pages = list(pages)

    async def ask(self, _path, call, *, rank):
        return call()

    def positions(self, _account, _after):
        return Answer(self._pages.pop(0))


def reading(*pages) -> Reading:
    account: Any = Pages(*pages)
    nothing: Any = None
    return Reading(account, sink=lambda _: None, house=nothing, clock=lambda _: None)


def row(number: int) -> dict[str, str]:
    return {"instrument_id": str(number)}


async def test_all_pages_are_read():
    found = await reading(
        {"has_next": True, "holdings": [row(1)]}, {"has_next": False, "holdings": [row(2)]}
    ).holdings()

    assert found == [row(1), row(2)]


async def test_a_page_that_comes_again_is_no_end_of_the_list():
    again = {"has_next": True, "holdings": [row(1)]}

    with pytest.raises(BrokerUnavailable, match="the page behind 1 ends with 1 again"):
        await reading(again, again).holdings()


async def test_an_empty_list_may_be_left_out():
    assert await reading({"has_next": False}).holdings() == []


@pytest.mark.parametrize("answer", [{}, {"message": "system busy"}])
async def test_an_answer_that_is_no_list_does_not_say_that_nothing_is_held(answer):
    with pytest.raises(BrokerUnavailable, match="holdings"):
        await reading(answer).holdings()
