"""What is held: a list that contradicts itself says nothing of the symbol in question."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from janus_common.worker.broker import Unreadable
from janus_webull_worker.funds import Funds


def row(symbol: str, qty: int) -> dict[str, Any]:
    return {
        "instrument_id": symbol,
        "symbol": symbol,
        "qty": str(qty),
        "unit_cost": "10",
        "instrument_type": "EQUITY",
        "currency": "USD",
    }


async def held(
    *rows: dict[str, Any], learned: dict[str, str] | None = None
) -> tuple[dict[str, Decimal], list[Any]]:
    """Return the positions that ``rows`` are read as, and what the worker was told beside."""

    async def holdings() -> list[dict[str, Any]]:
        return list(rows)

    told: list[Any] = []
    ids = {} if learned is None else learned
    account: Any = SimpleNamespace(instruments=SimpleNamespace(held=ids.setdefault))
    reading: Any = SimpleNamespace(holdings=holdings)
    found = await Funds(account, reading, sink=told.append).positions()
    return {each.symbol: each.qty for each in found}, told


async def test_two_sizes_of_one_symbol_are_no_answer_for_that_symbol():
    found, told = await held(row("AAPL", 3), row("MSFT", 5), row("AAPL", 4))

    assert found == {"MSFT": Decimal(5)}
    [unreadable] = told
    assert isinstance(unreadable, Unreadable)
    assert "two positions in AAPL, of 3 and of 4" in unreadable.reason


async def test_a_position_that_stands_on_two_pages_is_one():
    assert await held(row("AAPL", 3), row("AAPL", 3)) == ({"AAPL": Decimal(3)}, [])


async def test_no_instrument_is_learned_from_a_symbol_of_two_sizes():
    learned: dict[str, str] = {}

    await held(row("AAPL", 3), row("MSFT", 5), row("AAPL", 4), learned=learned)

    assert learned == {"MSFT": "MSFT"}
