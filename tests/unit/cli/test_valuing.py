"""What a position is worth at the last tick: derived, and nothing where nothing is known."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from janus_cli.valuing import valuation
from janus_common.messages import Position, Tick
from janus_common.symbols import AssetClass


def position(qty="10", cost="100", multiplier="1"):
    return Position(
        account="wb-main",
        symbol="AAPL",
        qty=Decimal(qty),
        average_cost=None if cost is None else Decimal(cost),
        asset_class=AssetClass.EQUITY,
        multiplier=Decimal(multiplier),
        as_of_ns=1,
    )


def tick(**prices):
    return Tick(symbol="AAPL", source="ib-main", received_ns=7, **prices)


@pytest.mark.parametrize(
    ("held", "price", "value", "profit"),
    [
        (position(), {"last": 101.5}, 1015.0, 15.0),
        (position("-10"), {"last": 101.5}, -1015.0, -15.0),
        (position("2", "100", "50"), {"last": 99.0}, 9900.0, -100.0),
        (position(), {"bid": 101.0, "ask": 102.0}, 1015.0, 15.0),
        (position(), {"bid": 1.0, "ask": 2.0, "last": 101.5}, 1015.0, 15.0),
        (position(cost=None), {"last": 101.5}, 1015.0, None),
        (position("0.1", "0.2"), {"last": 0.3}, 0.03, 0.01),
    ],
)
def test_a_position_is_worth_its_size_at_the_last_price(held, price, value, profit):
    found = valuation(held, {"AAPL": tick(**price)})

    assert found is not None
    assert (found.market_value, found.unrealized_pnl) == (value, profit)
    assert (found.source, found.tick_ns, found.derived) == ("ib-main", 7, True)


@pytest.mark.parametrize(
    ("held", "known"),
    [
        (position(), {}),
        (position(), {"AAPL": tick()}),
        (position(), {"AAPL": tick(bid=101.0)}),
        (position("0"), {"AAPL": tick(last=101.0)}),
    ],
    ids=["no tick", "no price", "half a market", "nothing held"],
)
def test_without_a_price_or_a_position_there_is_no_value(held, known):
    assert valuation(held, known) is None


@pytest.mark.parametrize(
    "change", [{"asset_class": AssetClass.FUTURE}, {"currency": "GBP"}, {"currency": "ZAR"}]
)
def test_what_may_be_quoted_in_hundredths_of_its_currency_is_not_reckoned(change):
    held = msgspec.structs.replace(position(), **change)

    assert valuation(held, {"AAPL": tick(last=101.5)}) is None
