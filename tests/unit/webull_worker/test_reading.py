"""What Webull does not show: what is no whole list, or was asked too early, proves no absence."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
import pytest
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import BrokerUnavailable
from janus_common.messages import OrderState
from janus_common.worker.broker import BrokerEvent, Sink
from janus_webull_worker.codes import Verdict
from janus_webull_worker.doubts import Doubts
from janus_webull_worker.ledger import Ledger
from janus_webull_worker.outcome import Answer, KeyRefused, Refused
from janus_webull_worker.reading import FAILURES, Reading

from tests.support.messages import order_update


class Pages:
    """Stands for the account, its key and its client: answers one page after the other."""

    account_id = "1"

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.key = self.client = self
        self._pages = list(pages)
        self.asked_after: list[str | None] = []

    async def ask(self, _path, call, *, rank):
        return call()

    def positions(self, _account, after):
        self.asked_after.append(after)
        return Answer(self._pages.pop(0))


class Unknowing(Pages):
    """Stands for an account of which Webull knows no order."""

    def __init__(self, settle_s: float) -> None:
        super().__init__()
        self.ledger, self.doubts = Ledger("webull"), Doubts(settle_s)
        self.asked_for: list[str] = []

    def todays_orders(self, _account, _after):
        return Answer({"has_next": False, "orders": []})

    open_orders = todays_orders

    def order(self, _account, wire_id):
        self.asked_for.append(wire_id)
        raise Refused(Verdict.NOT_FOUND, "ORDER_NOT_FOUND", "no such order")


class Failing(Unknowing):
    """Stands for one that gets no answer about some orders."""

    def __init__(self, failing: set[str], error: Exception) -> None:
        super().__init__(settle_s=0.0)
        self.failing, self._error = failing, error

    def order(self, account, wire_id):
        if wire_id in self.failing:
            self.asked_for.append(wire_id)
            raise self._error
        return super().order(account, wire_id)


class Showing(Unknowing):
    """Stands for an account of which Webull shows one order, in its lists and by itself."""

    def __init__(self, row: dict[str, Any]) -> None:
        super().__init__(settle_s=30.0)
        self._row = row

    def todays_orders(self, _account, _after):
        return Answer({"has_next": False, "orders": [self._row]})

    def order(self, _account, _wire_id):
        return Answer(self._row)


def reading(*pages) -> Reading:
    return of(Pages(*pages))


def of(account: Any, sink: Sink = lambda _: None) -> Reading:
    nothing: Any = None
    return Reading(account, sink=sink, house=nothing, clock=lambda _: None)


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


async def test_a_cursor_that_came_before_is_no_end_of_the_list():
    one, two = ({"has_next": True, "holdings": [row(number)]} for number in (1, 2))

    with pytest.raises(BrokerUnavailable, match="the page behind 2 ends with 1 again"):
        await reading(one, two, one).holdings()


async def test_a_list_has_as_many_pages_as_it_takes():
    pages = [{"has_next": number < 120, "holdings": [row(number)]} for number in range(121)]

    assert len(await reading(*pages).holdings()) == 121


@pytest.mark.parametrize(
    "end", [{"has_next": False}, {"hasNext": False}, {"has_next": "false"}, {}]
)
async def test_an_account_may_hold_nothing(end):
    assert await reading({**end, "holdings": []}).holdings() == []


@pytest.mark.parametrize(
    "answer", [{}, {"message": "system busy"}, {"has_next": False}, {"hasNext": False}]
)
async def test_an_answer_without_its_list_does_not_say_that_nothing_is_held(answer):
    with pytest.raises(BrokerUnavailable, match="holdings: a list was expected"):
        await reading(answer).holdings()


async def test_a_page_without_rows_is_not_followed_by_another():
    with pytest.raises(BrokerUnavailable, match="no row of this one shows its instrument_id"):
        await reading({"has_next": True, "holdings": []}).holdings()


@pytest.mark.parametrize("rest", [[], [row(100)]])
async def test_behind_a_full_page_that_does_not_say_so_there_may_be_more(rest):
    full = [row(number) for number in range(100)]

    assert await reading({"holdings": full}, {"holdings": rest}).holdings() == full + rest


async def test_a_full_page_may_be_the_last_one():
    full = [row(number) for number in range(100)]

    assert await reading({"has_next": False, "holdings": full}).holdings() == full


async def test_a_row_without_an_id_ends_a_list_as_any_other():
    rows = [row(1), {"symbol": "AAPL"}]

    assert await reading({"has_next": False, "holdings": rows}).holdings() == rows


async def test_the_next_page_begins_behind_the_last_row_that_has_an_id():
    pages = Pages(
        {"has_next": True, "holdings": [row(1), {"symbol": "AAPL"}]},
        {"has_next": False, "holdings": [row(2)]},
    )

    assert len(await of(pages).holdings()) == 3
    assert pages.asked_after == [None, "1"]


@pytest.fixture
def old_order():
    """One that a process began a minute ago, and may have sent as it was killed just now."""
    began_ns = now_ns() - 60 * NS_PER_S
    order = order_update(client_order_id=uuid4().hex, state=OrderState.SENDING)
    return msgspec.structs.replace(order, created_ns=began_ns)


async def test_however_old_its_record_an_order_of_another_process_may_still_arrive(old_order):
    found = await of(Unknowing(settle_s=30.0)).snapshot([old_order])

    assert not found.unseen(old_order)


async def test_an_order_of_another_process_never_arrives_after_a_time_without_it(old_order):
    account = Unknowing(settle_s=0.0)
    assert not (await of(account).snapshot([old_order])).unseen(old_order)

    found = await of(account).snapshot([old_order])

    assert found.unseen(old_order)


async def test_an_order_of_options_is_not_booked_as_one_of_shares():
    told: list[BrokerEvent] = []
    option = {
        "client_order_id": "opt1",
        "order_id": "OPTION1",
        "combo_ticker_type": "OPTION",
        "items": [
            {
                "category": "US_OPTION",
                "symbol": "AAPL",
                "side": "BUY",
                "order_type": "LIMIT",
                "order_status": "FILLED",
                "qty": "2",
                "filled_qty": "2",
                "filled_price": "3.20",
            }
        ],
    }
    found = of(Showing(option), told.append)

    assert await found.listed() == {"opt1"}
    assert await found.one("opt1") is None
    assert told == []


async def test_our_own_orders_are_asked_for_before_foreign_ones():
    account = Unknowing(settle_s=30.0)
    foreign = order_update(
        client_order_id="foreign-1", origin="foreign", session_order_id="app1", venue_order_id="1"
    )
    own = order_update(client_order_id="own")

    await of(account).snapshot([foreign, own])

    assert account.asked_for == ["own", "own_d", "app1"]


@pytest.mark.parametrize(
    "error", [BrokerUnavailable("500"), Refused(Verdict.REFUSED, "ORDER_NOT_EXIST", "none")]
)
async def test_of_an_order_about_which_webull_does_not_answer_nothing_is_concluded(error):
    bad, good = (order_update(client_order_id=name) for name in ("bad", "good"))
    account = Failing({"bad", "bad_d"}, error)

    both = [await of(account).snapshot([bad, good]) for _ in range(2)]

    assert not any(snapshot.unseen(bad) for snapshot in both)
    assert [snapshot.silent for snapshot in both] == [{"bad"}] * 2
    assert not account.doubts.is_open("bad")


async def test_an_order_about_which_webull_does_not_answer_holds_up_no_other():
    bad, good = (order_update(client_order_id=name) for name in ("bad", "good"))
    account = Failing({"bad"}, BrokerUnavailable("500"))
    reading = of(account)

    assert not (await reading.snapshot([bad, good])).unseen(good)  # it is in doubt from now on
    found = await reading.snapshot([bad, good])

    assert account.asked_for == ["bad", "good", "good_d", "good", "good_d", "bad"]
    assert found.unseen(good)


async def test_where_webull_answers_about_no_order_it_is_not_asked_about_each():
    orders = [order_update(client_order_id=f"o-{number}") for number in range(FAILURES + 3)]
    account = Failing({order.client_order_id for order in orders}, BrokerUnavailable("silence"))
    reading = of(account)

    found = await reading.snapshot(orders)
    await reading.snapshot(orders)

    assert account.asked_for == [f"o-{number}" for number in range(FAILURES * 2)]
    assert found.silent == account.failing  # also those that were not asked about


async def test_a_key_that_is_refused_ends_the_questions():
    order = order_update(client_order_id="o-1")
    account = Failing({"o-1"}, KeyRefused("webull refuses this key"))

    with pytest.raises(KeyRefused):
        await of(account).snapshot([order])
