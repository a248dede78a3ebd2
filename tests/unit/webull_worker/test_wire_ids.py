"""The second id of an order, and the way back."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_webull_worker import wire_ids

IDS = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True).filter(
    lambda text: not wire_ids.is_derived(text)
)


def test_the_second_id_of_our_own_is_as_long_as_the_first():
    first = uuid.uuid4().hex

    second = wire_ids.derived(first)

    assert second is not None
    assert second != first
    assert len(second) == 32
    assert second.isalnum()
    assert wire_ids.original(second) == first


@given(IDS)
def test_the_first_id_follows_from_the_second(first):
    second = wire_ids.derived(first)

    assert second is None or (second != first and wire_ids.original(second) == first)
    assert wire_ids.original(first) == first


@given(IDS)
def test_a_second_id_is_told_from_every_first(first):
    second = wire_ids.derived(first)

    assert second is None or (wire_ids.is_derived(second) and len(second) <= wire_ids.LONGEST)


@given(IDS, IDS)
def test_two_orders_never_share_an_id(one, other):
    if one != other:
        assert not set(wire_ids.both(one)) & set(wire_ids.both(other))


@pytest.mark.parametrize("length", [39, 40])
def test_an_id_without_room_for_a_second_has_none(length):
    assert wire_ids.derived("x" * length) is None
    assert wire_ids.both("x" * length) == ("x" * length,)
