"""Which order a command line asks for."""

from __future__ import annotations

import pytest
from janus_cli import order_terms
from janus_cli.failures import Failure, Status
from janus_cli.order_terms import Words
from janus_common.messages import OrderType, Tif

T = OrderType
NOW_NS = 1_800_000_000_123_456_789


@pytest.mark.parametrize(
    ("words", "kind", "prices"),
    [
        (Words(), T.MARKET, {}),
        (Words(limit="9"), T.LIMIT, {"limit_price": "9"}),
        (Words(stop="8"), T.STOP, {"stop_price": "8"}),
        (Words(stop="8", limit="9"), T.STOP_LIMIT, {"stop_price": "8", "limit_price": "9"}),
        (Words(trail="1.5"), T.TRAILING_STOP, {"trail_amount": "1.5"}),
        (Words(trail="2%"), T.TRAILING_STOP, {"trail_percent": "2"}),
        (Words(trail=" 2.5 % "), T.TRAILING_STOP, {"trail_percent": "2.5"}),
        (
            Words(trail="1.5", trail_from="180"),
            T.TRAILING_STOP,
            {"trail_amount": "1.5", "stop_price": "180"},
        ),
        (
            Words(trail="1.5", limit_offset="0.1"),
            T.TRAILING_STOP_LIMIT,
            {"trail_amount": "1.5", "limit_offset": "0.1"},
        ),
        (Words(touch="180"), T.MARKET_IF_TOUCHED, {"stop_price": "180"}),
        (
            Words(touch="180", limit="181"),
            T.LIMIT_IF_TOUCHED,
            {"stop_price": "180", "limit_price": "181"},
        ),
        (Words(at_close=True), T.MARKET_ON_CLOSE, {}),
        (Words(at_close=True, limit="181"), T.LIMIT_ON_CLOSE, {"limit_price": "181"}),
    ],
)
def test_the_type_follows_from_what_is_given(words, kind, prices):
    assert order_terms.type_of(words) is kind
    assert order_terms.prices(words) == prices


def test_every_order_type_can_be_asked_for():
    every = [
        Words(),
        Words(limit="1"),
        Words(stop="1"),
        Words(stop="1", limit="1"),
        Words(trail="1"),
        Words(trail="1", limit_offset="1"),
        Words(touch="1"),
        Words(touch="1", limit="1"),
        Words(at_close=True),
        Words(at_close=True, limit="1"),
    ]

    assert {order_terms.type_of(words) for words in every} == set(OrderType)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (Words(trail="1", touch="2"), "--trail and --touch exclude each other"),
        (Words(touch="1", at_close=True), "--touch and --at-close exclude each other"),
        (Words(trail_from="180"), "--trail-from 180 says nothing without --trail"),
        (Words(limit_offset="1"), "--limit-offset 1 says nothing without --trail"),
        (Words(trail="1", limit="180"), "a trailing order has no LIMIT, but 180 was given"),
    ],
)
def test_what_contradicts_itself_is_a_usage_error(words, reason):
    with pytest.raises(Failure) as caught:
        order_terms.type_of(words)

    assert caught.value.status is Status.USAGE
    assert caught.value.reason == reason
    assert caught.value.hint


@pytest.mark.parametrize(
    ("tif", "has_end", "expected"),
    [
        (None, False, Tif.GTC),
        (None, True, Tif.GTD),
        (Tif.DAY, False, Tif.DAY),
        (Tif.GTD, True, Tif.GTD),
    ],
)
def test_an_end_means_good_till_it(tif, has_end, expected):
    assert order_terms.tif_of(tif, has_end=has_end) is expected


def test_an_end_beside_another_time_in_force_is_refused_by_the_names_of_the_options():
    with pytest.raises(Failure) as caught:
        order_terms.tif_of(Tif.DAY, has_end=True)

    assert caught.value.status is Status.USAGE
    assert caught.value.reason.startswith("--tif day has an end of its own, and --good-till")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("90s", 1_800_000_090_000_000_000),
        ("2h", 1_800_007_200_000_000_000),
        ("2026-12-01T15:00Z", 1_796_137_200_000_000_000),
        ("2026-12-01T16:00:30+01:00", 1_796_137_230_000_000_000),
    ],
)
def test_an_end_is_a_duration_or_a_moment(text, expected):
    assert order_terms.good_till_ns(text, now_ns=NOW_NS) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tomorrow", "--good-till 2h, 5d or 2026-12-01T15:00Z"),
        ("2026-12-01T15:00", "--good-till 2026-12-01T15:00Z for UTC"),
    ],
)
def test_an_end_that_means_no_moment_is_refused_with_an_example(text, hint):
    with pytest.raises(Failure) as caught:
        order_terms.good_till_ns(text, now_ns=NOW_NS)

    assert (caught.value.status, caught.value.hint) == (Status.USAGE, hint)
