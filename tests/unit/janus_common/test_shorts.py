"""The short rule: what an order does to a position, and what an account may sell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_common.errors import Code, Denied
from janus_common.messages import Effect, OcaType, OrderState, Side
from janus_common.shorts import ShortRule, Stand, check, effect_of, open_quantity
from janus_common.symbols import AssetClass

from tests.unit.worker.test_orders import order

MAY = ShortRule(allow_short=True)
MAY_IF_LENT = ShortRule(allow_short=True, locate_required=True)
MAY_NOT = ShortRule()

EFFECTS = [
    # position, selling, buying, side, qty, effect
    (100, 0, 0, "SELL", 100, "REDUCE"),
    (100, 0, 0, "SELL", 40, "REDUCE"),
    (100, 0, 0, "SELL", 101, "FLIP"),
    (100, 100, 0, "SELL", 100, "SHORT"),
    (100, 60, 0, "SELL", 40, "REDUCE"),
    (100, 60, 0, "SELL", 41, "FLIP"),
    (100, 0, 500, "SELL", 101, "FLIP"),
    (0, 0, 0, "SELL", 1, "SHORT"),
    (-5, 0, 0, "SELL", 1, "SHORT"),
    (0, 0, 0, "BUY", 1, "OPEN"),
    (7, 0, 0, "BUY", 1, "OPEN"),
    (-7, 0, 0, "BUY", 7, "COVER"),
    (-7, 0, 0, "BUY", 8, "FLIP"),
    (-7, 0, 7, "BUY", 1, "OPEN"),
    (-7, 0, 3, "BUY", 5, "FLIP"),
    (-7, 90, 3, "BUY", 4, "COVER"),
]


def stand(position: int, selling: int = 0, buying: int = 0) -> Stand:
    return Stand(position=Decimal(position), selling=Decimal(selling), buying=Decimal(buying))


def checked(rule: ShortRule, held: Stand, qty: int = 10, **more: Any) -> Effect:
    fields: dict[str, Any] = {
        "symbol": "AAPL",
        "asset_class": AssetClass.EQUITY,
        "side": Side.SELL,
        "qty": Decimal(qty),
    }
    return check(rule, held, **(fields | more))


@pytest.mark.parametrize(("position", "selling", "buying", "side", "qty", "effect"), EFFECTS)
def test_an_effect_counts_what_open_orders_will_do_first(  # noqa: PLR0917 - one row
    position, selling, buying, side, qty, effect
):
    found = effect_of(stand(position, selling, buying), Side(side), Decimal(qty))

    assert found is Effect(effect)


@pytest.mark.parametrize(
    ("held", "qty"),
    [(stand(0), 1), (stand(-3), 1), (stand(100), 101), (stand(100, 100), 100), (stand(9, 4), 6)],
    ids=["flat", "short", "more than held", "all is being sold", "part is being sold"],
)
def test_an_account_that_may_not_short_sells_no_more_than_is_free(held, qty):
    with pytest.raises(Denied) as caught:
        checked(MAY_NOT, held, qty)

    assert caught.value.code is Code.SHORT_NOT_ALLOWED
    assert f"qty {qty} is more than can be sold" in caught.value.reason
    assert "allow_short" in caught.value.hint


def test_a_refusal_names_what_is_held_what_is_being_sold_and_what_is_left():
    with pytest.raises(Denied) as caught:
        checked(MAY_NOT, stand(100, 60), 41)

    assert "holds 100 AAPL, of which open orders sell 60" in caught.value.reason
    assert "sell 40 at most" in caught.value.hint


@pytest.mark.parametrize("rule", [MAY_NOT, MAY, MAY_IF_LENT])
def test_selling_what_is_free_needs_no_leave(rule):
    assert checked(rule, stand(100, 60), 40, unavailable="none to lend") is Effect.REDUCE


@pytest.mark.parametrize("rule", [MAY_NOT, MAY, MAY_IF_LENT])
@pytest.mark.parametrize("position", [-50, 0, 50])
def test_a_purchase_is_never_refused(rule, position):
    checked(rule, stand(position, 10, 10), 1_000, side=Side.BUY, unavailable="none to lend")


@pytest.mark.parametrize(
    ("rule", "asset_class", "is_refused"),
    [
        (MAY, AssetClass.EQUITY, False),
        (MAY_IF_LENT, AssetClass.EQUITY, True),
        (MAY_IF_LENT, AssetClass.OPTION, False),
        (MAY_IF_LENT, AssetClass.FUTURE, False),
    ],
    ids=["none required", "a stock", "an option is written", "a future"],
)
def test_a_stock_that_nobody_lends_is_refused_where_a_locate_is_required(
    rule, asset_class, is_refused
):
    if not is_refused:
        effect = checked(rule, stand(0), asset_class=asset_class, unavailable="no shares")
        assert effect is Effect.SHORT
        return

    with pytest.raises(Denied, match="no shares") as caught:
        checked(rule, stand(0), asset_class=asset_class, unavailable="no shares")
    assert caught.value.code is Code.NOT_SHORTABLE


def test_what_is_lent_may_be_sold_short():
    assert checked(MAY_IF_LENT, stand(0), unavailable=None) is Effect.SHORT
    assert checked(MAY_IF_LENT, stand(4), unavailable=None) is Effect.FLIP


@pytest.mark.parametrize("asset_class", [AssetClass.FUTURE, AssetClass.FOREX])
def test_futures_and_forex_are_sold_from_flat_without_leave(asset_class):
    assert checked(MAY_NOT, stand(0), asset_class=asset_class) is Effect.SHORT


@pytest.mark.parametrize("asset_class", [AssetClass.OPTION, AssetClass.CRYPTO])
def test_an_option_written_and_crypto_need_leave(asset_class):
    with pytest.raises(Denied):
        checked(MAY_NOT, stand(0), asset_class=asset_class)


def open_(name: str, qty: int, filled: int = 0, **more: Any):
    fields: dict[str, Any] = {
        "client_order_id": name,
        "qty": Decimal(qty),
        "filled_qty": Decimal(filled),
        "side": Side.SELL,
        "state": OrderState.WORKING,
    }
    return order(**(fields | more))


GROUP: dict[str, Any] = {"oca_group": "g", "oca_type": OcaType.CANCEL}
PARENT = open_("p", 10, 4, side=Side.BUY)


@pytest.mark.parametrize(
    ("orders", "total"),
    [
        ([open_("a", 10), open_("b", 5, 2)], 13),
        ([open_("a", 10, state=OrderState.FILLED), open_("b", 5, side=Side.BUY)], 0),
        ([open_("a", 10, **GROUP), open_("b", 6, **GROUP), open_("c", 1)], 11),
        ([open_("a", 10, parent_id="gone"), open_("b", 10, parent_id="gone")], 10),
        ([PARENT, open_("a", 10, parent_id="p"), open_("b", 10, parent_id="p")], 4),
        ([open_("a", 10, state=OrderState.UNKNOWN)], 10),
        ([open_("a", 3, 5)], 0),
    ],
    ids=[
        "the rest of each",
        "neither what is over nor the other side",
        "a group counts once, as its largest",
        "legs whose parent is filled count once",
        "legs can sell what their parent bought",
        "an order in doubt may sell all",
        "more filled than ordered",
    ],
)
def test_what_open_orders_will_sell(orders, total):
    parents = {PARENT.client_order_id: PARENT}

    assert open_quantity(orders, Side.SELL, parent_of=parents.get) == total


def test_an_order_and_those_that_it_cancels_are_left_out_of_its_own_sum():
    orders = [open_("a", 10, **GROUP), open_("b", 6, **GROUP), open_("c", 1)]

    found = open_quantity(orders, Side.SELL, parent_of=lambda _: None, besides=orders[0])

    assert found == 1


def test_a_change_under_way_counts_with_its_larger_quantity():
    found = open_quantity(
        [open_("a", 10, 2)],
        Side.SELL,
        parent_of=lambda _: None,
        wanted=lambda _: Decimal(30),
    )

    assert found == 28


@given(
    position=st.integers(-50, 50),
    tries=st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 40)), max_size=12),
    fills=st.lists(st.integers(0, 11), max_size=12),
)
def test_whatever_fills_in_whatever_order_an_account_that_may_not_short_never_goes_shorter(
    position, tries, fills
):
    """Purchases that do not fill are no cover for sales that do."""
    taken: list[tuple[Side, int]] = []
    for side, qty in tries:
        sums = {s: sum(q for t, q in taken if t is s) for s in Side}
        held = stand(position, sums[Side.SELL], sums[Side.BUY])
        try:
            checked(MAY_NOT, held, qty, side=side)
        except Denied:
            continue
        taken.append((side, qty))

    sells = [qty for side, qty in taken if side is Side.SELL]
    filled = sum(sells[each] for each in set(fills) if each < len(sells))

    assert position - filled >= min(position, 0)
