"""What the open, the close and the clock bring to orders of every type and time in force."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from janus_paper_venue.rules import Rules
from janus_paper_venue.sessions import Calendar, Hours

from tests.integration.paper_venue_conformance.cases import Cases
from tests.integration.paper_venue_conformance.cases_orders import WAITING
from tests.integration.paper_venue_conformance.trader import Trader
from tests.support.waiting import eventually

CASES = Cases("Hours and the clock")
case = CASES.case
US = Rules(hours=Hours.US)
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)  # a Friday, 12:00 in New York
EVENING = datetime(2026, 11, 21, 2, tzinfo=UTC)  # closed: 21:00 in New York
MORNING = datetime(2026, 11, 20, 12, tzinfo=UTC)  # extended hours: 7:00 in New York
OPEN = {"rules": US, "at": NOON}
CLOSED = {"rules": US, "at": EVENING}
EXTENDED = {"rules": US, "at": MORNING}
IN_TWO_HOURS = "20261120 19:00:00 UTC"


@case("placeOrder MOC", "is filled at the close, at the last trade", **OPEN)
async def moc(t: Trader) -> None:
    trade = t.place("MOC")
    await t.rests(trade)
    t.show("101.00", "101.02", "101.02")
    t.venue.jump_to_close()
    await t.becomes(trade, "Filled")
    assert trade.orderStatus.avgFillPrice == 101.02


@case("placeOrder LOC", "is filled at the close within its limit", **OPEN)
async def loc(t: Trader) -> None:
    trade = t.place("LOC", lmtPrice=102)
    await t.rests(trade)
    t.show("101.00", "101.02", "101.02")
    t.venue.jump_to_close()
    await t.becomes(trade, "Filled")
    assert trade.orderStatus.avgFillPrice == 101.02


@case("placeOrder LOC", "202 at the close: its limit is not met", **OPEN)
async def loc_missed(t: Trader) -> None:
    trade = t.place("LOC", lmtPrice=95)
    await t.rests(trade)
    t.venue.jump_to_close()
    await t.refused(trade, 202)
    await t.becomes(trade, "Cancelled")


@case("placeOrder MOC", "waits over the night for the next close", **CLOSED)
async def moc_later(t: Trader) -> None:
    trade = t.place("MOC")
    await t.rests(trade)
    t.venue.jump_to_open()
    t.show()
    await t.rests(trade)
    t.venue.jump_to_close()
    await t.becomes(trade, "Filled")


def _expires(kind: str, prices: dict[str, Any]) -> None:
    @case(f"placeOrder {kind}, tif DAY", "202 at the close", **OPEN)
    async def expires(t: Trader) -> None:
        trade = t.place(kind, **prices)
        await t.rests(trade)
        t.venue.jump_to_close()
        await t.refused(trade, 202)
        await t.becomes(trade, "Cancelled")


def _outlives(kind: str, prices: dict[str, Any], market: tuple[str, str, str]) -> None:
    @case(f"placeOrder {kind}, tif GTC", "outlives the close, and is filled the next day", **OPEN)
    async def outlives(t: Trader) -> None:
        trade = t.place(kind, tif="GTC", **prices)
        await t.rests(trade)
        t.venue.jump_to_close()
        t.venue.jump_to_open()
        await t.rests(trade)
        t.show(*market)
        await t.becomes(trade, "Filled")


for _kind, (_prices, _market) in WAITING.items():
    _expires(_kind, _prices)
    _outlives(_kind, _prices, _market)


@case("placeOrder, tif DAY", "202 at the early close", **OPEN)
async def early_close(t: Trader) -> None:
    t.venue.exchange.set_hours(Calendar(Hours.US, early_closes=[date(2026, 11, 20)]))
    trade = t.place("LMT", lmtPrice=90)
    await t.rests(trade)
    t.venue.wait(3600)
    await t.refused(trade, 202)


@case("placeOrder, tif DAY, outsideRth", "outlives the close, ends with the evening", **OPEN)
async def evening(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=90, outsideRth=True)
    await t.rests(trade)
    t.venue.jump_to_close()
    await t.rests(trade)
    t.venue.wait(4 * 3600)
    await t.refused(trade, 202)


@case("placeOrder, tif GTD", "202 at its date", **OPEN)
async def gtd(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=90, tif="GTD", goodTillDate=IN_TWO_HOURS)
    await t.rests(trade)
    t.venue.wait(7200)
    await t.refused(trade, 202)
    await t.becomes(trade, "Cancelled")


@case("placeOrder, tif GTD", "201: its date is in the past", **OPEN)
async def gtd_past(t: Trader) -> None:
    past = "20261120 16:00:00 UTC"
    await t.refused(t.place("LMT", lmtPrice=90, tif="GTD", goodTillDate=past), 201)


@case("placeOrder, goodAfterTime", "waits until then", **OPEN)
async def good_after(t: Trader) -> None:
    trade = t.place("MKT", goodAfterTime=IN_TWO_HOURS)
    await t.rests(trade)
    assert trade.orderStatus.status == "PreSubmitted"
    t.venue.wait(7200)
    await t.becomes(trade, "Filled")


@case("placeOrder MKT, tif OPG", "is filled at the open", **CLOSED)
async def at_the_open(t: Trader) -> None:
    trade = t.place("MKT", tif="OPG")
    await t.rests(trade)
    t.venue.jump_to_open()
    await t.becomes(trade, "Filled")


@case("placeOrder LMT, tif OPG", "is filled at the open within its limit", **CLOSED)
async def limit_at_the_open(t: Trader) -> None:
    trade = t.place("LMT", tif="OPG", lmtPrice=101)
    await t.rests(trade)
    t.venue.jump_to_open()
    await t.becomes(trade, "Filled")


@case("placeOrder LMT, tif OPG", "202 at the open: its limit is not met", **CLOSED)
async def missed_the_open(t: Trader) -> None:
    trade = t.place("LMT", tif="OPG", lmtPrice=90)
    await t.rests(trade)
    t.venue.jump_to_open()
    await t.refused(trade, 202)


@case("placeOrder STP, tif OPG", "321: not for this type", **CLOSED)
async def stop_at_the_open(t: Trader) -> None:
    await t.refused(t.place("STP", tif="OPG", auxPrice=105), 321)


def held(t: Trader) -> list[str]:
    """Return what the venue says of open orders: ib_async takes a 399 for a validation error."""
    return [one.status for one in t.venue.exchange.open_orders()]


@case("placeOrder MKT, market closed", "399, waits, is filled at the open", **CLOSED)
async def closed(t: Trader) -> None:
    trade = t.place("MKT")
    await t.refused(trade, 399)
    assert held(t) == ["PreSubmitted"]
    t.venue.jump_to_open()
    t.show()
    await t.becomes(trade, "Filled")


@case("placeOrder MKT, market closed", "399, waits, is canceled", **CLOSED)
async def closed_then_canceled(t: Trader) -> None:
    trade = t.place("MKT")
    await t.refused(trade, 399)
    assert held(t) == ["PreSubmitted"]
    t.ib.cancelOrder(trade.order)
    await t.becomes(trade, "Cancelled")


@case("placeOrder LMT, extended hours", "399, waits for the regular open", **EXTENDED)
async def before_the_open(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=101)
    await t.refused(trade, 399)
    t.show()
    assert held(t) == ["PreSubmitted"]
    t.venue.jump_to_open()
    t.show()
    await t.becomes(trade, "Filled")


@case("placeOrder LMT, outsideRth", "is filled in extended hours", **EXTENDED)
async def outside(t: Trader) -> None:
    await t.becomes(t.place("LMT", lmtPrice=101, outsideRth=True), "Filled")


@case("placeOrder LMT, halted", "waits until the halt ends", **OPEN)
async def halted(t: Trader) -> None:
    t.venue.show(halted=True)
    trade = t.place("LMT", lmtPrice=101)
    await t.rests(trade)
    t.venue.show()
    await t.becomes(trade, "Filled")


@case("reqMktData, frozen, market closed", "type 2: the last quotes of the day", **CLOSED)
async def frozen(t: Trader) -> None:
    t.ib.reqMarketDataType(2)
    ticker = t.ib.reqMktData(t.stock(), "")
    await eventually(lambda: (ticker.bid, ticker.ask, ticker.last) == (100.0, 100.02, 100.0))
    assert ticker.marketDataType == 2
    t.venue.jump_to_open()
    t.show("101.00", "101.02")
    await eventually(lambda: (ticker.marketDataType, ticker.bid) == (1, 101.0))


@case("reqMktData, live, market closed", "type 1: the last trade, and no quotes", **CLOSED)
async def not_frozen(t: Trader) -> None:
    ticker = t.ib.reqMktData(t.stock(), "")
    await eventually(lambda: ticker.last == 100.0)
    await t.settled()
    assert ticker.marketDataType == 1
    assert not ticker.hasBidAsk()


@case("reqMktData, frozen, market open", "type 1: live quotes", **OPEN)
async def not_closed(t: Trader) -> None:
    t.ib.reqMarketDataType(2)
    ticker = t.ib.reqMktData(t.stock(), "")
    await eventually(lambda: ticker.bid == 100.0)
    assert ticker.marketDataType == 1


LATE = Rules(latency_ns=1_000_000_000)


@case("placeOrder, latency", "is filled once it has arrived", rules=LATE, at=NOON)
async def late(t: Trader) -> None:
    trade = t.place("MKT")
    await t.rests(trade)
    t.venue.wait(1)
    await t.becomes(trade, "Filled")


@case("cancelOrder, latency", "PendingCancel, then canceled", rules=LATE, at=NOON)
async def late_cancel(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=90)
    await t.rests(trade)
    t.venue.wait(1)
    t.ib.cancelOrder(trade.order)
    await t.becomes(trade, "PendingCancel")
    await t.settled()
    t.venue.wait(1)
    await t.becomes(trade, "Cancelled")


@case("cancelOrder, latency", "PendingCancel, then filled", rules=LATE, at=NOON)
async def too_late_cancel(t: Trader) -> None:
    trade = t.place("LMT", lmtPrice=95)
    await t.rests(trade)
    t.venue.wait(1)
    t.ib.cancelOrder(trade.order)
    await t.settled()
    t.show("94.90", "95.00")
    await t.becomes(trade, "Filled")
