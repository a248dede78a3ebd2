"""Whatever clients, markets and clocks do, the books of the venue agree with each other.

A program is a list of numbers, one for each action (0: none); a dice turns it into the action, so
that thousands of programs are made quickly. ``--hypothesis-profile=ci`` tries 5,000.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st
from janus_paper_venue.events import (
    Executed,
    OrderAccepted,
    OrderChanged,
    OrderTrailed,
    QuoteChanged,
    SplitDone,
)
from janus_paper_venue.orders import FINAL, Execution, OrderType, Side, Tif, VenueOrder
from janus_paper_venue.quotes import Quote
from janus_paper_venue.records import State
from janus_paper_venue.rules import Borrow
from janus_paper_venue.sessions import Hours

from tests.unit.paper_venue.builders import ACCOUNT, SECOND, Venue

CENT = Decimal("0.01")
START = Decimal(1_000_000)
FRIDAY_NOON_NS = 1_763_744_400_000_000_000  # 2025-11-21 12:00 in New York
S = 1_000_000_000
WAITS_S = (0.01, 0.05, 0.05, 0.1, 0.2, 1, 60, 3_600, 14_400, 43_200, 86_400)
LIMITED = {"LMT", "STP LMT", "LOC", "LIT", "TRAIL LIMIT"}
HIGHEST = 2**20

Option = TypeVar("Option")


class Dice:
    """Turns one number into many choices, the same each time."""

    def __init__(self, number: int) -> None:
        self._random = Random(number)

    def of(self, count: int) -> int:
        """Return a number below ``count``."""
        return int(self._random.random() * count)

    def one(self, options: Sequence[Option]) -> Option:
        return options[self.of(len(options))]

    def price(self) -> Decimal:
        return (9_950 + self.of(100)) * CENT


ACTIONS = (*["place"] * 9, *["show"] * 5, "change", "cancel", "wait", "wait", "lever")


def act(venue: Venue, dice: Dice) -> None:
    match dice.one(ACTIONS):
        case "place":
            place(venue, dice)
        case "show":
            show(venue, dice)
        case "cancel":
            venue.exchange.cancel(1, 1 + dice.of(12))
        case "change":
            change(venue, dice)
        case "wait":
            wait(venue, dice.one(WAITS_S))
        case "lever":
            pull(venue, dice)


def place(venue: Venue, dice: Dice) -> None:
    kind, tif = dice.one(list(OrderType)), dice.one(list(Tif))
    side, qty = dice.one(["BUY", "SELL"]), 1 + dice.of(400)
    more: dict[str, Any] = {"limit": dice.price(), "stop": dice.price()}
    if kind.value.startswith("TRAIL"):
        more |= {"trail_amount": dice.price() - 99, "limit_offset": dice.of(20) * CENT}
        more["stop"] = None
    if tif is Tif.GTD:
        more["good_till_ns"] = venue.now_ns + int(dice.one(WAITS_S) * S)
    if not dice.of(4):
        more |= {"oca_group": dice.one("ab"), "oca_type": dice.of(4)}
    if not dice.of(5):
        more["parent_id"] = 1 + dice.of(4)
    more |= {"transmit": bool(dice.of(9)), "outside_rth": not dice.of(3)}
    venue.try_place(
        side, qty, kind.value, tif=tif.value, account=dice.one([ACCOUNT, SECOND]), **more
    )


def show(venue: Venue, dice: Dice) -> None:
    bid, spread, size = dice.price(), dice.of(10), dice.of(300)
    sides = dice.of(12)
    venue.show(
        None if sides == 0 else bid,
        None if sides == 1 else bid + (spread - 1) * CENT,
        dice.price() if dice.of(4) else bid,
        size=size,
        is_halted=sides == 2,
    )


def change(venue: Venue, dice: Dice) -> None:
    order = venue.exchange.order(1, 1 + dice.of(12))
    if order is not None:
        prices = {"limit_price": dice.price(), "stop_price": dice.price()}
        venue.modify(order, qty=1 + dice.of(500), transmit=True, **prices)


def pull(venue: Venue, dice: Dice) -> None:
    match dice.of(3):
        case 0:
            venue.exchange.split(1, 2, 1)
        case 1:
            venue.exchange.set_borrow(1, dice.one(list(Borrow)))
        case 2:
            venue.exchange.cancel_all()


def wait(venue: Venue, seconds: float) -> None:
    """Let time pass; what is due on the way is done at its own moment."""
    until_ns = venue.now_ns + int(seconds * S)
    while (due_ns := venue.exchange.next_due_ns()) is not None and due_ns <= until_ns:
        venue.now_ns = max(venue.now_ns, due_ns)
        venue.exchange.advance()
    venue.now_ns = until_ns
    venue.exchange.advance()


@given(
    st.sampled_from([Hours.ALWAYS, Hours.US]),
    st.sampled_from([0, 50_000_000]),
    st.lists(st.integers(0, HIGHEST), min_size=20, max_size=70),
)
def test_the_books_agree_after_any_program(hours, latency_ns, program):
    venue = Venue(hours=hours, latency_ns=latency_ns, now_ns=FRIDAY_NOON_NS)
    venue.show(99.98, 100.02, 100)

    for number in program:
        if number:
            act(venue, Dice(number))
        check_books(venue)

    check_fills(venue)
    check_accounts(venue)
    check_displays(venue)
    check_families(venue)
    check_statuses(venue)
    check_restart(venue)


def check_books(venue: Venue) -> None:
    """Two resting orders that could trade with each other within the market have done so."""
    quote = venue.exchange.quote(1)
    book = venue.exchange._floor._books.get(1)
    if book is None or quote.is_halted or not quote.is_two_sided:
        return
    buys, sells = book.working[Side.BUY], book.working[Side.SELL]
    if not buys or not sells:
        return
    buy, sell = (venue.exchange._desk.order(ladder.first()) for ladder in (buys, sells))
    groups = [(one.request.account, one.request.oca_group) for one in (buy, sell)]
    if buy.request.oca_group and groups[0] == groups[1]:
        return
    assert quote.bid is not None
    assert quote.ask is not None
    highest = min(limit_now(buy) or quote.ask, quote.ask)
    lowest = max(limit_now(sell) or quote.bid, quote.bid)
    assert highest < lowest


def limit_now(order: VenueOrder) -> Any:
    return order.request.limit_price if order.request.type in LIMITED else None


def check_fills(venue: Venue) -> None:
    filled: defaultdict[int, Decimal] = defaultdict(Decimal)
    limits = limits_over_time(venue)
    for one in venue.exchange.executions():
        assert one.qty > 0
        assert one.bid is not None
        assert one.ask is not None
        assert one.bid <= one.price <= one.ask
        limit = limits[one.exec_id]
        if limit is not None:
            assert one.price <= limit if one.side is Side.BUY else one.price >= limit
        filled[one.perm_id] += one.qty
    for order in venue.exchange.all_orders():
        assert filled[order.perm_id] == order.filled <= order.request.qty
        assert order.fee == sum(
            one.fee for one in venue.exchange.executions() if one.perm_id == order.perm_id
        )


def limits_over_time(venue: Venue) -> dict[str, Decimal | None]:
    """Return the limit that each executed order had when it was executed."""
    limits: dict[str, Decimal | None] = {}
    newest: dict[int, VenueOrder] = {}
    for event in venue.events:
        if isinstance(event, OrderAccepted | OrderChanged | OrderTrailed):
            newest[event.order.perm_id] = event.order
        elif isinstance(event, Executed):
            limits[event.execution.exec_id] = limit_now(newest[event.execution.perm_id])
    return limits


def check_accounts(venue: Venue) -> None:
    signs = {Side.BUY: 1, Side.SELL: -1}
    held = dict.fromkeys((ACCOUNT, SECOND), Decimal(0))
    spent = dict(held)
    for event in venue.events:
        if isinstance(event, SplitDone):
            held = {name: qty * event.split.numerator for name, qty in held.items()}
        elif isinstance(event, Executed):
            one = event.execution
            held[one.account] += signs[one.side] * one.qty
            spent[one.account] += signs[one.side] * one.qty * one.price + one.fee
    for account in (ACCOUNT, SECOND):
        assert venue.position(account) == held[account]
        assert venue.cash(account) == START - spent[account]
        values = venue.exchange.account_values(account)
        assert values.unrealized_pnl + values.realized_pnl == values.net_liquidation - START


def check_displays(venue: Venue) -> None:
    """A fill is no larger than what was displayed, but between clients and in auctions."""
    quote = venue.exchange.quote(1)
    fills: list[tuple[Execution, Quote]] = []
    for event in venue.events:
        if isinstance(event, QuoteChanged):
            quote = event.quote
        elif isinstance(event, Executed):
            fills.append((event.execution, quote))
    kinds = {one.perm_id: one.request for one in venue.exchange.all_orders()}
    for number, (one, shown) in enumerate(fills):
        request = kinds[one.perm_id]
        if request.type in {"MOC", "LOC"} or request.tif is Tif.OPG:
            continue
        near = [fill for fill, _ in fills[max(number - 1, 0) : number + 2]]
        if any(is_counterpart(one, other) for other in near):
            continue
        assert one.qty <= (shown.ask_size if one.side is Side.BUY else shown.bid_size)


def is_counterpart(one: Execution, other: Execution) -> bool:
    same = (one.time_ns, one.price, one.qty) == (other.time_ns, other.price, other.qty)
    return same and one.side is not other.side


def check_families(venue: Venue) -> None:
    """A child trades only after its parent has filled, and ends with a parent that has not."""
    for child in venue.exchange.all_orders():
        if not child.request.parent_id:
            continue
        parent = venue.exchange.order(1, child.request.parent_id)
        assert parent is not None
        assert not child.filled or parent.status == "Filled"
        assert parent.status != "Cancelled" or child.is_final
        if parent.status == "Filled" and child.perm_id not in venue.exchange._flow._trips:
            assert "child" not in child.why_held


def check_restart(venue: Venue) -> None:
    """A venue that begins where this one is has the same orders, cash and positions."""
    exchange = venue.exchange
    state = State(
        orders=tuple(exchange.all_orders()),
        executions=tuple(exchange.executions()),
        splits=tuple(exchange.splits()),
        settings={"hours": exchange.calendar.hours.value},
    )
    again = Venue(state=state, now_ns=venue.now_ns)
    for account in (ACCOUNT, SECOND):
        assert again.cash(account) == venue.cash(account)
        assert again.position(account) == venue.position(account)
    still_open = exchange.open_orders()
    if not any(one.status == "PendingCancel" for one in still_open):  # else they end at the start
        assert [one.perm_id for one in again.exchange.open_orders()] == [
            one.perm_id for one in still_open
        ]


def check_statuses(venue: Venue) -> None:
    for order in venue.exchange.all_orders():
        told = venue.statuses(order)
        finals = [status for status in told if status in FINAL]
        assert len(finals) == (1 if order.is_final else 0)
        assert not finals or told[-1] in FINAL
        assert told[-1] == order.status
        assert (order.remaining == 0) == (order.status == "Filled")
    open_ids = {one.perm_id for one in venue.exchange.open_orders()}
    assert open_ids == {one.perm_id for one in venue.exchange.all_orders() if not one.is_final}
