"""What is halted, for verbs that show it: the records on the bus, and this machine's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from janus_common.bus import quick
from janus_common.bus.quick import Quick
from janus_common.errors import NobodyListens
from janus_common.halt_words import path_of, told_by, words
from janus_common.messages import Halt

RECORDS = ("$KV.control.house", "$KV.control.account.>")


def records(bus: Quick) -> list[Halt]:
    """Return the halts on record that are in force."""
    try:
        found = [each.message for each in bus.last_of_each(quick.CONTROL, RECORDS, Halt)]
    except NobodyListens:  # there is no such bucket: nothing was ever halted
        return []
    return [each for each in found if each.is_halted]


def why(account: str, on_record: Sequence[Halt], file: Path) -> str:
    """Return why ``account`` is halted; empty if it is not."""
    for which in (account, None):
        found = next((each for each in on_record if each.account == which), None)
        if found is not None:
            return words(found)
        if told := told_by(path_of(file, which)):
            return told
    return ""
