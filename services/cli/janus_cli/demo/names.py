"""The part of the story about names: three symbols without ids, and what a harmony makes of them."""

from __future__ import annotations

import re
from typing import Any

from janus_cli.demo.record import Check
from janus_cli.demo.shell import DemoFailed, Shell
from janus_cli.failures import Status

UNIQUE, TWICE, NOWHERE = "TSLA", "XYZ", "NOSUCH"  # at the venue
NAMED = (UNIQUE, TWICE, NOWHERE)
COUNTS = ("1", "1", "1", "0", "0")  # filled, ambiguous, not found, conflict, unanswered


def play(shell: Shell) -> str:
    """Name the symbols, run a harmony and return its summary."""
    for symbol in NAMED:
        shell.must("symbols", "add", symbol)
    said = shell.show("harmony", *NAMED, "--broker", "ib")
    if said.code != Status.PARTLY:
        raise DemoFailed(f"janus harmony ended with status {said.code}")
    return said.out


def check(summary: str, rows: list[dict[str, Any]]) -> Check:
    """Hold the summary and the registry against what the venue lists."""
    counts = re.findall(r"^ib +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)", summary, re.MULTILINE)
    ids = {row["symbol"]: row["ib_conid"] for row in rows if row["symbol"] in NAMED}
    known = {symbol for symbol, number in ids.items() if number is not None}
    return Check(
        "harmony filled what is unique, and skipped what is not",
        counts == [COUNTS] and known == {UNIQUE} and len(ids) == len(NAMED),
        f"{', '.join(sorted(known)) or 'none'} of {', '.join(NAMED)} filled",
    )
