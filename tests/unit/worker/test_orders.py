"""The order state machine: every pair of state and word, and any sequence of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from janus_common import orders
from janus_common.messages import OrderState, OrderType, OrderUpdate, Side
from janus_common.orders import FINAL, OPEN, TABLE, News, Word, follow, is_final

S, W = OrderState, Word


def order(state: OrderState = S.SENDING, **changes) -> OrderUpdate:
    fields: dict[str, Any] = {
        "account": "ib-main",
        "client_order_id": "c-1",
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "qty": Decimal(10),
        "state": state,
    }
    return OrderUpdate(**(fields | changes))


def advance(before, news, *, now_ns=5):
    return orders.advance(before, news, now_ns=now_ns)


@pytest.mark.parametrize(
    ("state", "word", "then"),
    [
        (S.SENDING, W.ACKNOWLEDGED, S.SENDING),
        (S.SENDING, W.WORKING, S.WORKING),
        (S.SENDING, W.FILLED, S.FILLED),
        (S.SENDING, W.REJECTED, S.REJECTED),
        (S.SENDING, W.REFUSED, S.REJECTED),
        (S.SENDING, W.SILENCE, S.UNKNOWN),
        (S.SENDING, W.NOT_SENT, S.REJECTED),
        (S.SENDING, W.DENIED, S.DENIED),
        (S.WORKING, W.CANCEL_ASKED, S.CANCEL_PENDING),
        (S.WORKING, W.CANCELED, S.CANCELED),
        (S.WORKING, W.EXPIRED, S.EXPIRED),
        (S.WORKING, W.REFUSED, S.WORKING),
        (S.WORKING, W.REJECTED, S.REJECTED),
        (S.WORKING, W.NOT_SENT, None),
        (S.WORKING, W.DENIED, None),
        (S.CANCEL_PENDING, W.WORKING, S.CANCEL_PENDING),
        (S.CANCEL_PENDING, W.CANCEL_REFUSED, S.WORKING),
        (S.CANCEL_PENDING, W.FILLED, S.FILLED),
        (S.REPLACE_PENDING, W.REPLACE_REFUSED, S.WORKING),
        (S.REPLACE_PENDING, W.REFUSED, S.WORKING),
        (S.REPLACE_PENDING, W.REJECTED, S.REJECTED),
        (S.UNKNOWN, W.ACKNOWLEDGED, S.SENDING),
        (S.UNKNOWN, W.WORKING, S.WORKING),
        (S.UNKNOWN, W.SILENCE, S.UNKNOWN),
        (S.UNKNOWN, W.NOT_SENT, S.REJECTED),
        (S.NEW, W.WORKING, None),
        (S.FILLED, W.FILLED, S.FILLED),
        (S.FILLED, W.WORKING, None),
        (S.CANCELED, W.WORKING, None),
        (S.REJECTED, W.FILLED, None),
    ],
)
def test_what_follows_what(state, word, then):
    assert follow(state, word) is then


@pytest.mark.parametrize("word", list(Word))
@pytest.mark.parametrize("state", sorted(FINAL))
def test_no_word_leaves_a_final_state(state, word):
    assert follow(state, word) in {state, None}


def test_every_word_has_a_row():
    assert set(TABLE) == set(Word)


def test_the_table_leads_only_from_open_states():
    assert all(set(row) <= OPEN for row in TABLE.values())


def test_working_with_a_part_filled_is_partially_filled():
    after = advance(order(), News(word=W.WORKING, filled_qty=Decimal(4)), now_ns=5)

    assert (after.state, after.filled_qty) == (S.PARTIALLY_FILLED, 4)


def test_the_last_share_fills_it_without_a_word():
    after = advance(order(S.PARTIALLY_FILLED), News(filled_qty=Decimal(10)), now_ns=5)

    assert after.state is S.FILLED


def test_a_repeated_word_changes_nothing():
    before = order(S.WORKING)

    assert advance(before, News(word=W.WORKING), now_ns=5) is before


def test_a_late_fill_counts_though_the_order_is_canceled():
    before = order(S.CANCELED, filled_qty=Decimal(3))

    after = advance(before, News(word=W.WORKING, filled_qty=Decimal(5)), now_ns=5)

    assert (after.state, after.filled_qty) == (S.CANCELED, 5)


def test_filled_never_shrinks():
    before = order(S.PARTIALLY_FILLED, filled_qty=Decimal(5), average_price=Decimal(7))

    after = advance(
        before, News(word=W.WORKING, filled_qty=Decimal(2), average_price=Decimal(3)), now_ns=5
    )

    assert after is before


def test_a_remark_is_kept_without_changing_the_state():
    after = advance(order(S.WORKING), News(reason="held until the open"), now_ns=5)

    assert (after.state, after.reason) == (S.WORKING, "held until the open")


def test_the_reason_of_a_doubt_goes_with_the_doubt():
    before = order(S.UNKNOWN, reason="silence")

    assert advance(before, News(word=W.WORKING), now_ns=5).reason is None


def test_an_order_that_is_held_no_more_does_not_say_so():
    held = order(S.WORKING, reason="held: locate")

    assert advance(held, News(word=W.WORKING)).reason == "held: locate"
    assert advance(held, News(word=W.WORKING, is_free=True)).reason is None


def test_why_an_order_was_held_is_not_why_it_ended():
    held = order(S.WORKING, reason="held: child")

    ended = advance(held, News(word=W.CANCELED))
    told = advance(ended, News(word=W.CANCELED, reason="Parent order was cancelled"))

    assert ended.reason is None
    assert (told.state, told.reason) == (S.CANCELED, "Parent order was cancelled")


def test_why_an_order_was_held_is_not_why_it_was_canceled():
    held = order(S.WORKING, reason="held: trigger")

    asked = advance(held, News(word=W.CANCEL_ASKED))

    assert (asked.state, asked.reason) == (S.CANCEL_PENDING, None)
    assert advance(asked, News(word=W.CANCELED)).reason is None


@pytest.mark.parametrize("filled", [3, 10])
def test_why_an_order_was_held_is_not_said_of_its_fill(filled):
    held = order(S.WORKING, reason="held: trigger")

    assert advance(held, News(filled_qty=Decimal(filled))).reason is None


def test_what_became_of_an_order_on_its_way_is_said_of_its_fill():
    before = order(S.WORKING, reason="sent as DAY: GTC was refused")

    after = advance(before, News(filled_qty=Decimal(10)))

    assert (after.state, after.reason) == (S.FILLED, "sent as DAY: GTC was refused")


def test_the_reason_that_a_final_order_has_is_not_replaced():
    ended = order(S.CANCELED, reason="first")

    assert advance(ended, News(word=W.CANCELED, reason="second")).reason == "first"
    assert advance(order(S.FILLED), News(reason="too late to cancel")).reason is None


def test_each_change_counts_and_time_does_not_run_backwards():
    before = order(updated_ns=100, revision=3)

    after = advance(before, News(word=W.WORKING), now_ns=50)

    assert (after.revision, after.updated_ns) == (4, 100)


NEWS = st.builds(
    News,
    word=st.none() | st.sampled_from(list(Word)),
    filled_qty=st.integers(0, 12).map(Decimal),
    average_price=st.none() | st.integers(1, 9).map(Decimal),
    venue_order_id=st.sampled_from(["", "77"]),
    reason=st.sampled_from(["", "because", "held: locate"]),
    is_free=st.booleans(),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(NEWS, max_size=25))
def test_whatever_is_heard_the_life_of_an_order_makes_sense(heard):
    now = order()
    for news in heard:
        after = advance(now, news, now_ns=9)
        if after is None:
            continue
        assert after is now or after.revision == now.revision + 1
        assert after.filled_qty >= now.filled_qty
        assert after.state is now.state or not is_final(now)
        assert after.venue_order_id in {now.venue_order_id, "77"}
        repeated = advance(after, news, now_ns=9)
        assert repeated is None or repeated is after
        now = after
