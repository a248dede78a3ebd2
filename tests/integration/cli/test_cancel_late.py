"""``cancel`` of an order that was called NOT_SENT, and is shown under another id."""

from __future__ import annotations

import re
from uuid import uuid4

from janus_common.messages import OrderState


async def test_cancel_of_an_order_that_was_called_not_sent_waits_for_what_is_shown_of_it(
    janus, house
):
    name, shown = uuid4().hex, f"foreign-{uuid4().hex[:8]}"
    await janus("buy", "REJECT", "4", "100", "-a", "ib-main", "--id", name)
    await janus("buy", "IBM", "4", "100", "-a", "ib-main", "--id", shown)
    house.late[name] = shown

    said = await janus("cancel", name)

    assert said.code == 0, said
    assert re.match(rf"PAPER ib-main BUY 4 IBM LMT 100 GTC → canceled .* id {shown}", said.out)
    assert house.orders[shown].state is OrderState.CANCELED
