"""Every fault of the TWS face and the market has a test that shows its effect."""

from __future__ import annotations

import re
from pathlib import Path

from janus_paper_venue.faults_list import (
    CANCEL_TEXTS,
    DATA_TEXTS,
    NOTICE_TEXTS,
    ORDER_TEXTS,
    REJECT_TEXTS,
    TWS_KINDS,
)

HERE = Path(__file__).parent
TABLES = (CANCEL_TEXTS, DATA_TEXTS, NOTICE_TEXTS, ORDER_TEXTS, REJECT_TEXTS)


def test_every_fault_is_tested():
    text = "".join(path.read_text() for path in HERE.glob("test_*.py") if path != Path(__file__))
    named = set(re.findall(r'"([a-z0-9_]+)"', text))
    in_tables = {f"error_{code}" for table in TABLES for code in table}
    lists = {
        tuple(map(int, re.findall(r"\d+", row))) for row in re.findall(r"\[(\d[^\]]*)\]", text)
    }

    assert not set(TWS_KINDS) - named - in_tables
    assert {tuple(sorted(table)) for table in TABLES[:2] + TABLES[3:]} <= {
        tuple(sorted(row)) for row in lists
    }
