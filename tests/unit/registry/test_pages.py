"""Pages fit into a message and end where the next one can begin."""

from __future__ import annotations

import pytest
from janus_common import codec
from janus_common.errors import Code, Denied
from janus_common.messages import MAX_BYTES, Instrument, Outcome, RegistryReply
from janus_registry.pages import fitting, page

from tests.support.messages import instrument


def made_at(time_ns: int, *, size: int = 10) -> Instrument:
    return instrument(updated_ns=time_ns, source="x" * size)


def time_ns(item: Instrument) -> int:
    return item.updated_ns


@pytest.mark.parametrize("size", [1, 500, 5_000, 20_000])
@pytest.mark.parametrize("form", list(codec.Format))
def test_what_fits_is_below_the_limit_in_both_formats(size, form):
    taken = fitting([made_at(n, size=size) for n in range(200)])

    reply = RegistryReply(outcome=Outcome.ACCEPTED, instruments=taken)
    assert 0 < len(codec.encode(reply, form)) <= MAX_BYTES


def test_a_page_says_whether_there_are_more():
    items = [made_at(n) for n in (5, 4, 3)]

    assert page(items, limit=2, time_ns=time_ns) == (items[:2], True)
    assert page(items, limit=3, time_ns=time_ns) == (items, False)
    assert page([], limit=3, time_ns=time_ns) == ([], False)


def test_what_shares_its_time_with_the_next_page_waits_for_it():
    items = [made_at(n) for n in (5, 4, 4)]

    assert page(items, limit=2, time_ns=time_ns) == (items[:1], True)


def test_a_page_of_one_moment_is_not_empty():
    items = [made_at(n) for n in (4, 4, 4)]

    assert page(items, limit=2, time_ns=time_ns) == (items[:2], True)


def test_an_item_larger_than_a_message_is_named_by_its_time():
    with pytest.raises(Denied, match="what happened at 7 is larger") as refused:
        page([made_at(7, size=MAX_BYTES)], limit=1, time_ns=time_ns)

    assert refused.value.code is Code.MESSAGE_TOO_LARGE
