"""A recording read straight from its file."""

from __future__ import annotations

import gzip
from decimal import Decimal

import pytest
from janus_cli.demo.tape import Range, quoted

SECOND_NS = 1_000_000_000
ROWS = [
    (1, "bid", "10.0"),
    (1, "ask", "10.2"),
    (2, "trade", "99"),
    (6, "ask", "10.3"),
    (7, "ask", "10.1"),
    (20, "bid", "9.9"),
]


@pytest.fixture
def folder(tmp_path):
    lines = ["ts_ns,kind,price,size", *(f"{t * SECOND_NS},{k},{p},1" for t, k, p in ROWS)]
    (tmp_path / "IBM.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return tmp_path


@pytest.mark.parametrize(
    ("second", "low", "high"),
    [(1, "10.0", "10.2"), (5, "10.0", "10.2"), (7, "10.0", "10.3"), (19, "10.0", "10.1")],
    ids=["both sides", "sides that stand", "the window holds both asks", "the last ask stands"],
)
def test_the_range_is_what_stood_in_the_two_seconds_before(folder, second, low, high):
    moment = second * SECOND_NS

    assert quoted(folder, "IBM", [moment])[moment] == Range(Decimal(low), Decimal(high))


def test_several_moments_are_read_in_one_pass_in_any_order(folder):
    moments = [19 * SECOND_NS, 5 * SECOND_NS]

    assert set(quoted(folder, "IBM", moments)) == set(moments)
