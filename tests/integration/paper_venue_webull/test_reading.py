"""What can be read through the v1 set: instruments, the calendar, positions, money."""

from __future__ import annotations

from tests.support.webull import ACCOUNTS, APPLE, IBM, SPY, refusal_code


async def test_instruments_are_found_by_ticker(client):
    async def ids(symbols, category="US_STOCK"):
        found = await client.get("/instrument/list", symbols=symbols, category=category)
        return {one["symbol"]: one["instrument_id"] for one in found}

    assert await ids("AAPL,IBM,NOPE") == {"AAPL": APPLE, "IBM": IBM}
    assert await ids("SPY", "US_ETF") == {"SPY": SPY}
    assert len(await client.get("/instrument/list", symbols="XYZ", category="US_STOCK")) == 2
    assert await refusal_code(ids("NOPE")) == "INSTRUMENT_NOT_FOUND"
    assert await refusal_code(ids("AAPL", "US_ETF")) == "INSTRUMENT_NOT_FOUND"
    assert await refusal_code(ids("AAPL", "HK_STOCK")) == "UNAUTHORIZED_CATEGORY"
    assert await refusal_code(ids("AAPL", "MOON")) == "UNSUPPORTED_CATEGORY"
    assert await refusal_code(ids(",".join(f"A{n}" for n in range(101)))) == "TOO_MANY_SYMBOLS"
    one = await client.get("/trade/instrument", instrument_id=APPLE)
    assert (one["symbol"], one["trade_policy"], one["shortable"]) == ("AAPL", "ALL", True)
    one = await client.get(
        "/trade/security", symbol="AAPL", market="US", instrument_super_type="EQUITY"
    )
    assert one["instrument_id"] == APPLE


async def test_the_calendar_knows_holidays_and_short_days(client):
    days = await client.get("/trade/calendar", market="US", start="2026-11-25", end="2026-11-30")

    assert [(one["trade_day"], one["trade_date_type"]) for one in days] == [
        ("2026-11-25", "FULL_DAY"),
        ("2026-11-27", "HALF_DAY"),
        ("2026-11-30", "FULL_DAY"),
    ]
    request = client.get("/trade/calendar", market="US", start="2026-01-01", end="2026-03-01")
    assert await refusal_code(request) == "ILLEGAL_PARAMETER"


async def test_positions_are_paged(client):
    for number in (APPLE, IBM, SPY):
        await client.place(ACCOUNTS[1], instrument_id=number)

    async def page(**more):
        return await client.get("/account/positions", account_id=ACCOUNTS[1], page_size="2", **more)

    first = await page()
    assert [one["symbol"] for one in first["holdings"]] == ["AAPL", "IBM"]
    assert first["has_next"] is True
    rest = await page(last_instrument_id=first["holdings"][-1]["instrument_id"])
    assert [one["symbol"] for one in rest["holdings"]] == ["SPY"]
    assert rest["has_next"] is False
    money = await client.get("/account/balance", account_id=ACCOUNTS[1], total_asset_currency="USD")
    [usd] = money["account_currency_assets"]
    assert float(usd["positions_market_value"]) > 0
    assert float(usd["cash_power"]) < 1_000_000
