"""Orders of others: the refusal says whose they are, and who may touch them."""

from __future__ import annotations

import pytest
from janus_common.errors import Code
from janus_ib_worker.foreign import not_ours

from tests.support.messages import order_update


@pytest.mark.parametrize(
    ("session_order_id", "says", "cure"),
    [
        ("", "made by hand", "in TWS"),
        (None, "made by hand", "in TWS"),
        ("7.12", "sent under client id 7", "the program that sent it"),
    ],
)
def test_the_refusal_names_the_owner_our_own_client_id_and_the_cure(session_order_id, says, cure):
    order = order_update(client_order_id="foreign-9", session_order_id=session_order_id)

    denied = not_ours(order, client_id=11)

    assert denied.code is Code.UNSUPPORTED
    assert says in denied.reason
    assert denied.reason.endswith("this worker has 11")
    assert cure in denied.hint
