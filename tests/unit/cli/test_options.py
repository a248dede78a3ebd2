"""Durations and moments as people write them."""

from __future__ import annotations

import pytest
from janus_cli.commands import options
from janus_cli.commands.books import since_ns
from janus_cli.failures import Failure, Status
from janus_common.bus import buckets, quick, streams

NOW_NS = 1_795_251_413_000_000_000
S = 10**9


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("1.5h", 5_400), ("250ms", 0.25), ("2", 2), ("1d", 86_400)],
)
def test_a_duration_has_a_unit_or_is_in_seconds(text, seconds):
    assert options.seconds(text, option="--for") == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5s", "5 min", "s", "1e9"])
def test_what_is_no_duration_is_a_usage_error(text):
    with pytest.raises(Failure) as caught:
        options.seconds(text, option="--for")

    assert caught.value.status is Status.USAGE
    assert repr(text) in caught.value.reason


def test_since_counts_back_from_now_or_names_a_moment():
    assert since_ns("2h", now_ns=NOW_NS) == NOW_NS - 7_200 * S
    assert since_ns("2026-11-20T00:00:00+00:00", now_ns=NOW_NS) == 1_795_132_800 * S
    assert NOW_NS - 86_400 * S < since_ns("today", now_ns=NOW_NS) <= NOW_NS


def test_the_quick_reader_names_streams_as_the_bus_does():
    named = (quick.ORDERS, quick.FILLS, quick.STATE, quick.PRESENCE, quick.CONTROL)

    assert named == (
        streams.ORDERS.name,
        streams.FILLS.name,
        streams.STATE.name,
        f"KV_{buckets.PRESENCE.name}",
        f"KV_{buckets.CONTROL.name}",
    )
