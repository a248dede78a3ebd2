"""Whatever clients and markets do, the books of the venue agree with each other."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from janus_paper_venue.events import Executed, OrderAccepted, OrderChanged
from janus_paper_venue.orders import FINAL, Side, VenueOrder

from tests.unit.paper_venue.builders import ACCOUNT, SECOND, Venue

CENT = Decimal("0.01")
START = Decimal(1_000_000)
prices = st.integers(9_950, 10_050).map(lambda cents: cents * CENT)
orders = st.tuples(
    st.just("place"),
    st.sampled_from(["BUY", "SELL"]),
    st.integers(1, 400),
    st.sampled_from(["MKT", "LMT", "STP", "STP LMT"]),
    prices,
    prices,
    st.sampled_from(["DAY", "GTC", "IOC"]),
    st.sampled_from([ACCOUNT, SECOND]),
)
actions = st.one_of(
    orders,
    st.tuples(st.just("show"), prices, st.integers(0, 8), st.integers(0, 300), prices),
    st.tuples(st.just("cancel"), st.integers(1, 12)),
    st.tuples(st.just("modify"), st.integers(1, 12), st.integers(1, 500), prices, prices),
    st.tuples(st.just("wait"), st.integers(0, 200)),
)


def act(venue: Venue, action: tuple) -> None:
    match action:
        case ("place", side, qty, kind, limit, stop, tif, account):
            venue.try_place(side, qty, kind, limit=limit, stop=stop, tif=tif, account=account)
        case ("show", bid, spread, size, last):
            venue.show(bid, bid + spread * CENT, last, size=size)
        case ("cancel", order_id):
            venue.exchange.cancel(1, order_id)
        case ("modify", order_id, qty, limit, stop):
            order = venue.exchange.order(1, order_id)
            if order is not None:
                venue.modify(order, qty=qty, limit_price=limit, stop_price=stop)
        case ("wait", milliseconds):
            venue.wait(milliseconds / 1_000)


@settings(max_examples=150, deadline=None)
@given(st.lists(actions, max_size=40))
def test_the_books_agree_after_any_program(program):
    venue = Venue()
    venue.show(99.98, 100.02, 100)

    for action in program:
        act(venue, action)

    check_fills(venue)
    check_accounts(venue)
    check_statuses(venue)


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
        if isinstance(event, OrderAccepted | OrderChanged):
            newest[event.order.perm_id] = event.order
        elif isinstance(event, Executed):
            request = newest[event.execution.perm_id].request
            has_limit = request.type in {"LMT", "STP LMT"}
            limits[event.execution.exec_id] = request.limit_price if has_limit else None
    return limits


def check_accounts(venue: Venue) -> None:
    for account in (ACCOUNT, SECOND):
        mine = [one for one in venue.exchange.executions() if one.account == account]
        signs = {Side.BUY: 1, Side.SELL: -1}
        assert venue.position(account) == sum(signs[one.side] * one.qty for one in mine)
        spent = sum(signs[one.side] * one.qty * one.price + one.fee for one in mine)
        assert venue.cash(account) == START - spent
        values = venue.exchange.account_values(account)
        assert values.unrealized_pnl + values.realized_pnl == values.net_liquidation - START


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
