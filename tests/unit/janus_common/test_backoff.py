"""Delays: growing, capped, jittered, endless."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st
from janus_common.backoff import backoff


def test_delays_double_up_to_the_cap():
    delays = backoff(jitter=lambda: 0.0, first_s=1.0, cap_s=5.0)

    assert list(islice(delays, 5)) == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_full_jitter_shortens_a_delay_by_the_spread():
    assert next(backoff(jitter=lambda: 1.0, first_s=1.0, spread=0.5)) == 0.5


def test_it_never_ends():
    assert next(islice(backoff(jitter=lambda: 0.0, cap_s=60.0), 10_000, None)) == 60.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_every_delay_lies_between_its_bounds(jitters):
    delays = backoff(jitter=iter(jitters).__next__, first_s=0.5, cap_s=60.0)

    for number, delay in enumerate(islice(delays, len(jitters))):
        longest = min(0.5 * 2**number, 60.0)
        assert longest / 2 <= delay <= longest
