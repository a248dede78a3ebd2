"""Instruments as TWS describes them to clients."""

from __future__ import annotations

from janus_paper_venue.instruments import Catalogue, Instrument, SecType
from janus_paper_venue.tws.times import DAY_NS, day
from janus_paper_venue.tws.wire import frame, spell

ContractFields = tuple[str, ...]
HOURS_DAYS = 6  # of trading hours in contract details
WITHOUT_RIGHT = "?"  # what order messages carry where there is neither call nor put


def contract_fields(one: Instrument, exchange: str, *, right: str = "") -> ContractFields:
    """Return the 11 contract fields of order, execution and position messages.

    ``right`` stands in for what is neither call nor put.
    """
    return (
        str(one.con_id),
        one.symbol,
        one.sec_type.value,
        one.expiry,
        spell(one.strike) if one.strike else "0",
        one.right or right,
        multiplier(one),
        exchange,
        one.currency,
        one.local_symbol,
        one.trading_class,
    )


def multiplier(one: Instrument) -> str:
    """Return the multiplier where the kind of instrument has one."""
    return "" if one.sec_type in {SecType.STOCK, SecType.FOREX} else str(one.multiplier)


def details(
    req_id: int, one: Instrument, *, exchange: str, catalogue: Catalogue, now_ns: int
) -> bytes:
    """Return the contractDetails message of one instrument, routed to ``exchange``."""
    under = catalogue.get(one.under_con_id)
    hours = open_hours(now_ns)
    return frame(
        *(10, req_id, one.symbol, one.sec_type.value, one.expiry, one.strike or 0, one.right),
        *(exchange, one.currency, one.local_symbol, one.market_name, one.trading_class),
        *(one.con_id, one.min_tick, multiplier(one), one.order_types),
        *(",".join(one.valid_exchanges), 1, one.under_con_id, plain(one.long_name)),
        *(one.primary_exchange, one.contract_month, one.industry, one.category),
        *(one.subcategory, one.time_zone, hours, hours, "", "", 0),
        *(1 if one.sec_type is SecType.STOCK else 2147483647, one.under_symbol),
        *(under.sec_type.value if under else "", rule_ids(one), one.expiry, one.stock_type),
        *(one.min_size, one.size_increment, one.size_increment),
    )


def rule_ids(one: Instrument) -> str:
    """Return one market rule per valid exchange, in their order."""
    return ",".join([str(one.rule_id)] * len(one.valid_exchanges))


def open_hours(now_ns: int) -> str:
    """Return the hours of a market that never closes, for the days to come."""
    days = (day(now_ns + number * DAY_NS) for number in range(HOURS_DAYS))
    return ";".join(f"{one}:0000-{one}:2359" for one in days)


def plain(text: str) -> str:
    """Return ``text`` without what a client would take for an escape."""
    return text.encode("ascii", "replace").decode().replace("\\", "/")
