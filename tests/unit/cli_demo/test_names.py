"""The check of the demo's harmony fails whenever its summary or the registry is otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from janus_cli.demo.names import check

SUMMARY = """\
symbol  broker  result     what
TSLA    ib      filled     ib_conid
broker  filled  ambiguous  not found  conflict  unanswered  state
ib           1          1          1         0           0  asked
"""
ROWS: list[dict[str, Any]] = [
    {"symbol": "AAPL", "ib_conid": 265598},
    {"symbol": "NOSUCH", "ib_conid": None},
    {"symbol": "TSLA", "ib_conid": 76792991},
    {"symbol": "XYZ", "ib_conid": None},
]


def test_the_right_summary_and_rows_pass():
    assert check(SUMMARY, ROWS).holds


@pytest.mark.parametrize(
    ("summary", "rows"),
    [
        ("", ROWS),
        (SUMMARY.replace("1          1          1", "2          0          1"), ROWS),
        (SUMMARY, ROWS[:3]),
        (SUMMARY, [*ROWS[:3], {"symbol": "XYZ", "ib_conid": 725400101}]),
        (SUMMARY, [*ROWS[:2], {"symbol": "TSLA", "ib_conid": None}, ROWS[3]]),
    ],
    ids=["nothing", "counts", "missing row", "ambiguous was kept", "unique was not"],
)
def test_anything_else_fails(summary, rows):
    assert not check(summary, rows).holds
