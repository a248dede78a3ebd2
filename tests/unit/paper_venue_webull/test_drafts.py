"""Orders as clients ask for them: whatever comes, it is an order or a refusal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_paper_venue.orders import OrderType, Side, Tif
from janus_paper_venue.webull.answers import Refused
from janus_paper_venue.webull.drafts import drafted
from janus_paper_venue.webull.drafts_v3 import new_fields, only_order

ORDER: dict[str, Any] = {
    "client_order_id": "abc",
    "side": "BUY",
    "tif": "DAY",
    "order_type": "LIMIT",
    "limit_price": "1.5",
    "extended_hours_trading": False,
    "qty": "10",
}
NEWER: dict[str, Any] = {
    "client_order_id": "abcdefghij",
    "symbol": "AAPL",
    "instrument_type": "EQUITY",
    "market": "US",
    "entrust_type": "QTY",
    "side": "BUY",
    "time_in_force": "DAY",
    "order_type": "LIMIT",
    "limit_price": "1.5",
    "support_trading_session": "CORE",
    "quantity": "10",
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def test_an_order_is_read():
    draft = drafted(ORDER | {"limit_price": 1.5, "qty": 10})

    assert (draft.side, draft.type, draft.tif) == (Side.BUY, OrderType.LIMIT, Tif.DAY)
    assert (draft.qty, draft.limit_price) == (Decimal(10), Decimal("1.5"))
    assert not draft.is_short
    assert drafted(ORDER | {"side": "SHORT"}).is_short


def test_the_newer_words_mean_the_same():
    assert drafted(new_fields(NEWER)) == drafted(ORDER | {"client_order_id": "abcdefghij"})
    assert drafted(new_fields(NEWER | {"support_trading_session": "ALL"})).extended


@pytest.mark.parametrize(
    "changed",
    [
        {"client_order_id": "short"},
        {"instrument_type": "OPTION"},
        {"market": "HK"},
        {"entrust_type": "AMOUNT"},
        {"combo_type": "MASTER"},
        {"support_trading_session": "NIGHT"},
        {"support_trading_session": None},
        {"quantity": None},
    ],
    ids=str,
)
def test_what_the_newer_paths_do_not_trade_is_refused(changed):
    with pytest.raises(Refused):
        drafted(new_fields(NEWER | changed))


@pytest.mark.parametrize("orders", [None, [], {}, ["x"], [{}, {}]])
def test_one_order_comes_at_a_time(orders):
    with pytest.raises(Refused):
        only_order({"new_orders": orders}, "new_orders")


@given(st.sampled_from(sorted(ORDER)), ANYTHING)
def test_whatever_a_field_holds_it_is_an_order_or_a_refusal(name, value):
    try:
        draft = drafted(ORDER | {name: value})
    except Refused:
        return
    assert draft.qty > 0
    assert draft.qty % 1 == 0


@given(st.dictionaries(st.sampled_from([*NEWER, "stop_price", "trailing_type"]), ANYTHING))
def test_whatever_the_newer_words_are_it_is_an_order_or_a_refusal(changed):
    try:
        draft = drafted(new_fields(NEWER | changed))
    except Refused:
        return
    assert draft.limit_price is None or draft.limit_price > 0
