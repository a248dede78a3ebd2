"""Fills from sums: once each, whatever is heard when, and with the right total."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from janus_common.messages import Fill, Side
from janus_common.worker.broker import FillProgress
from janus_common.worker.fills import Fills

D = Decimal


def progress(filled, average, name="wb:a:o-1"):
    return FillProgress(
        name=name,
        client_order_id=name.rpartition(":")[2],
        symbol="AAPL",
        side=Side.BUY,
        filled_qty=D(filled),
        average_price=D(average),
        placed_ns=1,
        executed_ns=2,
        received_ns=3,
    )


def test_each_part_is_what_its_sum_adds():
    fills = Fills("a")

    (first,) = fills.progress(progress(3, "10"))
    (second,) = fills.progress(progress(10, "10.7"))

    assert isinstance(first, Fill)
    assert isinstance(second, Fill)
    assert (first.execution_id, first.qty, first.price) == ("wb:a:o-1:3", D(3), D(10))
    assert (second.execution_id, second.qty, second.price) == ("wb:a:o-1:10", D(7), D(11))


def test_a_sum_that_is_told_again_or_late_adds_nothing():
    fills = Fills("a")
    fills.progress(progress(10, "10.7"))

    assert fills.progress(progress(10, "10.7")) == []
    assert fills.progress(progress(3, "10")) == []


def test_after_a_restart_only_what_was_not_published_is():
    before, after = Fills("a"), Fills("a")
    for message in before.progress(progress(3, "10")):
        after.published(message)
        after.published(message)  # read twice

    (rest,) = after.progress(progress(10, "10.7"))

    assert isinstance(rest, Fill)
    assert (rest.qty, rest.price) == (D(7), D(11))


def test_what_was_forgotten_and_read_again_is_not_counted_twice():
    fills = Fills("a")
    (first,) = fills.progress(progress(3, "10"))
    fills.forget(before_ns=100)
    fills.published(first)

    (rest,) = fills.progress(progress(10, "10.7"))

    assert isinstance(rest, Fill)
    assert rest.qty == 7


def test_what_is_old_takes_no_room_for_ever():
    fills = Fills("a")
    for number in range(100):
        fills.progress(progress(3, "10", name=f"wb:a:o-{number}"))

    fills.forget(before_ns=100)

    assert not fills._progress._parts
    assert not fills._progress._ages


def test_a_rounded_average_never_makes_a_price_of_nothing():
    fills = Fills("a")
    fills.progress(progress(10_000, "0.02"))

    (rest,) = fills.progress(progress(10_001, "0.01"))

    assert isinstance(rest, Fill)
    assert rest.price > 0


PARTS = st.lists(
    st.tuples(st.integers(1, 500), st.decimals("1", "500", places=2)), min_size=1, max_size=12
)


@given(PARTS, st.data())
def test_the_sum_is_right_whatever_is_lost_repeated_late_or_forgotten_by_a_crash(parts, data):
    sums, qty, value = [], 0, D(0)
    for part, price in parts:
        qty, value = qty + part, value + part * price
        sums.append((qty, value / qty))
    heard = data.draw(st.lists(st.sampled_from(sums), max_size=20))
    stream: list[Fill] = []
    fills = Fills("a")
    for filled, average in [*heard, sums[-1]]:
        for message in fills.progress(progress(filled, average)):
            assert isinstance(message, Fill)
            stream.append(message)
        if data.draw(st.booleans()):
            fills = Fills("a")
            for message in stream:
                fills.published(message)

    assert sum(fill.qty for fill in stream) == qty
    assert abs(sum(fill.qty * fill.price for fill in stream) - value) < D("0.01")
    assert len({fill.execution_id for fill in stream}) == len(stream)
