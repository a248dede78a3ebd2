"""What the journal keeps while the bus is away for long."""

from __future__ import annotations

from typing import Any

from janus_common.worker.journal import THIN_AT, Journal

from tests.support.messages import order_update


def test_beyond_the_bound_only_the_newest_of_each_order_waits_behind_the_one_under_way():
    nothing: Any = None  # neither a bus nor checkpoints
    journal = Journal(nothing, nothing, "ib-main")

    for revision in range(1, THIN_AT + 2):
        journal.write(order_update(client_order_id=f"c-{revision % 3}", revision=revision))

    waiting = [(each.client_order_id, each.revision) for each in journal._waiting]
    assert waiting[0] == ("c-1", 1)
    assert [revision for _, revision in waiting[1:]] == [THIN_AT - 1, THIN_AT, THIN_AT + 1]
