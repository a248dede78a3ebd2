"""Accounts, instruments, orders, and what is refused."""

from __future__ import annotations

from tests.integration.paper_venue_webull_conformance.cases import (
    APPLE,
    IBM,
    NEW,
    OLD,
    REST,
    SPY,
    Cases,
    Trader,
    new_name,
)
from tests.support.webull import ACCOUNTS, OTHER_ACCOUNT

READING = Cases("Reading")
ORDERS = Cases("Orders")
REFUSALS = Cases("Refusals")


@READING.case("list of accounts", "the accounts of the app key")
async def _(t: Trader) -> None:
    assert await t.sdk.accounts() == list(ACCOUNTS)


@READING.case("account profile", "margin account, normal", OLD)
async def _(t: Trader) -> None:
    found = await t.sdk.profile(account=t.account)
    assert (found["account_type"], found["account_status"]) == ("MARGIN", "NORMAL")


@READING.case("account balance", "cash and buying power, as texts")
async def _(t: Trader) -> None:
    found = await t.sdk.balance(account=t.account)
    assert float(found["total_cash_balance"]) > 0
    [money] = found["account_currency_assets"]
    power = money["margin_power" if t.program is OLD else "buying_power"]
    assert isinstance(power, str)
    assert float(power) > 0


@READING.case("account positions", "what was bought, valued")
async def _(t: Trader) -> None:
    await t.place(instrument_id=SPY, qty="3")
    rows = await t.sdk.positions(account=t.account)
    [one] = [one for one in rows if one["symbol"] == "SPY"]
    assert float(one["qty"]) >= 3
    assert float(one["market_value"]) > 0


@READING.case("list of instruments", "the instrument id of a ticker")
async def _(t: Trader) -> None:
    found = await t.sdk.instruments(symbols="AAPL,IBM", category="US_STOCK")
    assert {one["symbol"]: one["instrument_id"] for one in found} == {"AAPL": APPLE, "IBM": IBM}


@READING.case("list of instruments", "two listings of one ticker")
async def _(t: Trader) -> None:
    found = await t.sdk.instruments(symbols="XYZ", category="US_STOCK")
    assert {one["exchange_code"] for one in found} == {"NYSE", "NSQ"}


@READING.case("list of instruments", "INSTRUMENT_NOT_FOUND", OLD)
async def _(t: Trader) -> None:
    call = t.sdk.instruments(symbols="NOPE", category="US_STOCK")
    await t.fails(call, "INSTRUMENT_NOT_FOUND")


@READING.case("instrument", "what may be done with it", OLD)
async def _(t: Trader) -> None:
    assert (await t.sdk.instrument(number=APPLE))["trade_policy"] == "ALL"


@READING.case("trade calendar", "trading days, short ones marked", OLD)
async def _(t: Trader) -> None:
    days = await t.sdk.calendar(start="2026-11-26", end="2026-11-27")
    assert days == [{"trade_day": "2026-11-27", "trade_date_type": "HALF_DAY"}]


@READING.case("preview", "what an order would cost", NEW)
async def _(t: Trader) -> None:
    fields = t.order(order_type="LIMIT", limit_price="100", qty="10")
    found = await t.sdk.preview(account=t.account, order=fields)
    assert found["estimated_cost"] == "1000.00"
    assert await t.truth(fields["client_order_id"]) == []


@ORDERS.case("place MARKET", "filled; the truth has it under its client order id")
async def _(t: Trader) -> None:
    name = await t.place()
    one = await t.state(name)
    assert (one["order_status"], one["filled_qty"]) == ("FILLED", "10")
    assert float(one["filled_price"]) == 227.5
    [row] = await t.truth(name)
    assert row["status"] == "Filled"


@ORDERS.case("place LIMIT", "rests, and is among the open orders")
async def _(t: Trader) -> None:
    name = await t.place(**REST)
    assert (await t.state(name))["order_status"] == "SUBMITTED"
    assert name in await t.sdk.open_orders(account=t.account)


@ORDERS.case("place LIMIT, large", "filled in parts; the price is the average")
async def _(t: Trader) -> None:
    await t.venue.post("/clock", {"paused": True})
    await t.venue.pin("AAPL", 227.4, 227.5, last=227.45)
    name = await t.place(order_type="LIMIT", limit_price="227.6", qty="1500")
    part = await t.state(name)
    await t.venue.pin("AAPL", 227.5, 227.6, last=227.55)
    whole = await t.state(name)
    await t.venue.pin("AAPL", 227.4, 227.5, last=227.45)
    await t.venue.post("/clock", {"paused": False})
    assert part["order_status"] == "PARTIAL_FILLED"
    assert 0 < int(part["filled_qty"]) < int(whole["filled_qty"])
    assert float(part["filled_price"]) < float(whole["filled_price"])


@ORDERS.case("place STOP_LOSS, STOP_LOSS_LIMIT", "wait for their trigger")
async def _(t: Trader) -> None:
    stop = await t.place(order_type="STOP_LOSS", stop_price="300")
    limit = await t.place(order_type="STOP_LOSS_LIMIT", stop_price="300", limit_price="301")
    assert float((await t.state(stop))["stop_price"]) == 300
    assert float((await t.state(limit))["limit_price"]) == 301


@ORDERS.case("place TRAILING_STOP_LOSS", "by an amount, and by a fraction")
async def _(t: Trader) -> None:
    trail = {"order_type": "TRAILING_STOP_LOSS"}
    amount = await t.place(**trail, trailing_type="AMOUNT", trailing_stop_step="2.5")
    share = await t.place(**trail, trailing_type="PERCENTAGE", trailing_stop_step="0.01")
    assert (await t.state(amount))["trailing_stop_step"] == "2.5"
    assert (await t.state(share))["trailing_stop_step"] == "0.01"


@ORDERS.case("place GTC, IOC", "GTC stays, IOC ends at once")
async def _(t: Trader) -> None:
    stays, ends = await t.place(**REST, tif="GTC"), await t.place(**REST, tif="IOC")
    assert (await t.state(stays))["order_status"] == "SUBMITTED"
    assert (await t.state(ends))["order_status"] == "CANCELLED"


@ORDERS.case("place in extended hours", "with LIMIT")
async def _(t: Trader) -> None:
    name = await t.place(**REST, extended_hours_trading=True)
    [row] = await t.truth(name)
    assert row["outside_rth"] is True


@ORDERS.case("place SHORT", "a position below 0")
async def _(t: Trader) -> None:
    await t.place(side="SHORT", instrument_id=IBM, qty="2")
    rows = await t.sdk.positions(account=t.account)
    assert float(next(one for one in rows if one["symbol"] == "IBM")["qty"]) < 0


@ORDERS.case("replace", "quantity and price change, the id does not")
async def _(t: Trader) -> None:
    fields = t.order(**REST)
    await t.sdk.place(account=t.account, order=fields)
    await t.sdk.replace(account=t.account, order=fields | {"qty": "20", "limit_price": "101"})
    one = await t.state(fields["client_order_id"])
    assert (one["qty"], float(one["limit_price"])) == ("20", 101)


@ORDERS.case("cancel", "cancelled, and no longer open")
async def _(t: Trader) -> None:
    name = await t.place(**REST)
    await t.cancel(name)
    assert (await t.state(name))["order_status"] == "CANCELLED"
    assert name not in await t.sdk.open_orders(account=t.account)


@ORDERS.case("list of today's orders", "ended ones too, the newest first")
async def _(t: Trader) -> None:
    first, second = await t.place(**REST, tif="IOC"), await t.place(**REST)
    assert (await t.sdk.todays(account=t.account))[:2] == [second, first]


@ORDERS.case("list of open orders by pages", "the last one's id is the cursor", NEW)
async def _(t: Trader) -> None:
    placed = [await t.place(**REST) for _ in range(12)]
    page = await t.sdk.open_by_pages(account=t.account, size=10)
    rest = await t.sdk.open_by_pages(account=t.account, size=10, last=page[-1])
    assert [*page, *rest][:12] == placed[::-1]


@REFUSALS.case("place, id used before", "TRADE_PLACE_ORDER_REPEAT")
async def _(t: Trader) -> None:
    name = await t.place(**REST)
    await t.refused("TRADE_PLACE_ORDER_REPEAT", client_order_id=name)


@REFUSALS.case("detail, cancel, unknown id", "ORDER_NOT_FOUND")
async def _(t: Trader) -> None:
    await t.fails(t.state(new_name()), "ORDER_NOT_FOUND")
    await t.fails(t.cancel(new_name()), "ORDER_NOT_FOUND")


@REFUSALS.case("place, account of another app key", "403 ACCOUNT_ACCESS_DENIED")
async def _(t: Trader) -> None:
    call = t.sdk.place(account=OTHER_ACCOUNT, order=t.order())
    await t.fails(call, "ACCOUNT_ACCESS_DENIED", 403)


@REFUSALS.case("place, fraction of a share", "a parameter is wrong")
async def _(t: Trader) -> None:
    await t.refused("ILLEGAL_PARAMETER", qty="1.5")


@REFUSALS.case("place, more than 200,000", "ORDER_QUANTITY_EXCEED_LIMIT")
async def _(t: Trader) -> None:
    await t.refused("ORDER_QUANTITY_EXCEED_LIMIT", qty="200001")


@REFUSALS.case("place MARKET with a price, LIMIT without", "a parameter is wrong")
async def _(t: Trader) -> None:
    await t.refused("ILLEGAL_PARAMETER", limit_price="100")
    await t.refused("ILLEGAL_PARAMETER", order_type="LIMIT")


@REFUSALS.case("place, unknown type", "UNSUPPORTED_ORDER_TYPE")
async def _(t: Trader) -> None:
    await t.refused("UNSUPPORTED_ORDER_TYPE", order_type="AT_AUCTION")


@REFUSALS.case("place MARKET in extended hours", "NOT_SUPPORT_EXTEND_HOUR")
async def _(t: Trader) -> None:
    await t.refused("NOT_SUPPORT_EXTEND_HOUR", extended_hours_trading=True)


@REFUSALS.case("place, price off the grid", "ORDER_PRICE_ILLEGAL")
async def _(t: Trader) -> None:
    await t.refused("ORDER_PRICE_ILLEGAL", order_type="LIMIT", limit_price="100.001")


@REFUSALS.case("place, stop on the wrong side", "STOP_PRICE_MUST_BE_…_THAN_MARKET_PRICE")
async def _(t: Trader) -> None:
    code = "STOP_PRICE_MUST_BE_GREATER_THAN_MARKET_PRICE"
    await t.refused(code, order_type="STOP_LOSS", stop_price="200")
    code = "STOP_PRICE_MUST_BE_LESS_THAN_MARKET_PRICE"
    await t.refused(code, order_type="STOP_LOSS", stop_price="300", side="SELL")


@REFUSALS.case("place, more than the account can pay", "DAY_BUYING_POWER_INSUFFICIENT")
async def _(t: Trader) -> None:
    await t.refused("DAY_BUYING_POWER_INSUFFICIENT", qty="150000")


@REFUSALS.case("place SELL, more than the account has", "SELL_QTY_EXCEED_AVAILABLE_QTY")
async def _(t: Trader) -> None:
    await t.refused("SELL_QTY_EXCEED_AVAILABLE_QTY", side="SELL", qty="199999")


@REFUSALS.case("place, GTC not supported", "a parameter is wrong: tif")
async def _(t: Trader) -> None:
    await t.venue.fault("webull_no_gtc")
    await t.refused("ILLEGAL_PARAMETER", tif="GTC", **REST)


@REFUSALS.case("place, instrument not tradable", "ORDER_TICKER_CAN_NOT_TRADE")
async def _(t: Trader) -> None:
    await t.venue.fault("webull_not_tradable", symbol="IBM")
    await t.refused("ORDER_TICKER_CAN_NOT_TRADE", instrument_id=IBM)


@REFUSALS.case("replace, cancel after the end", "ORDER_CAN_NOT_BE_MODIFY, ORDER_CAN_NOT_BE_CANCEL")
async def _(t: Trader) -> None:
    fields = t.order(order_type="LIMIT", limit_price="227.5", qty="1")
    await t.sdk.place(account=t.account, order=fields)
    call = t.sdk.replace(account=t.account, order=fields | {"qty": "2"})
    await t.fails(call, "ORDER_CAN_NOT_BE_MODIFY")
    await t.fails(t.cancel(fields["client_order_id"]), "ORDER_CAN_NOT_BE_CANCEL")
