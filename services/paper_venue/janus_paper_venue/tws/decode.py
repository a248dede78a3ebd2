"""Client messages to requests: one table by message id, nothing guessed, nothing left over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, get_type_hints

from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.cursor import Cursor, RequestError
from janus_paper_venue.tws.decode_order import place_order

Reader = Callable[[Cursor], r.Request]

_TAKE: Mapping[Any, Callable[[Cursor], object]] = {
    int: Cursor.integer,
    str: Cursor.text,
    bool: Cursor.flag,
    Decimal | None: Cursor.number,
    r.Contract: Cursor.contract,
}


@dataclass(frozen=True, slots=True)
class Message:
    """How one message id is read."""

    read: Reader
    id_at: int | None = None  # where the request or order id stands, for the error's address


class UnknownMessage(RequestError):
    """A message id outside the table."""


def decode(message: list[str], version: int) -> r.Request:
    """Return what a client asks.

    Raises:
        RequestError: the message does not read as its layout at this version says.
    """
    known = _message(message)
    cursor = Cursor(message, version)
    request = known.read(cursor)
    cursor.end()
    return request


def address(message: list[str]) -> int:
    """Return the request or order id an unreadable message carries, or -1."""
    try:
        at = _message(message).id_at
        return -1 if at is None else Cursor(message, 0, start=at).integer()
    except RequestError:
        return -1


def _message(message: list[str]) -> Message:
    try:
        return MESSAGES[int(message[0])]
    except (KeyError, ValueError, IndexError):
        raise UnknownMessage(f"unknown message id {message[0][:20] if message else ''!r}") from None


def _plain(kind: type[r.Request], *, versioned: bool = True) -> Message:
    """Read the fields of ``kind`` in their order, after a message version if there is one."""
    hints = get_type_hints(kind)
    takes = [_TAKE[hints[field.name]] for field in fields(kind)]

    def read(cursor: Cursor) -> r.Request:
        if versioned:
            cursor.integer()
        return kind(*[take(cursor) for take in takes])

    first = 2 if versioned else 1
    return Message(read, first if issubclass(kind, r.Numbered) else None)


def _market_data(cursor: Cursor) -> r.Request:
    cursor.integer()  # message version
    req_id, contract = cursor.integer(), cursor.contract()
    if contract.sec_type == "BAG":
        cursor.rows(4)
    if cursor.flag():  # a delta-neutral contract follows
        cursor.integer(), cursor.number(), cursor.number()
    request = r.MarketData(req_id, contract, cursor.text(), cursor.flag(), cursor.flag())
    cursor.text()  # options
    return request


def _contract_details(cursor: Cursor) -> r.Request:
    cursor.integer()
    return r.ContractDetails(
        cursor.integer(),
        cursor.contract(),
        cursor.flag(),
        cursor.text(),
        cursor.text(),
        cursor.text() if cursor.version >= 176 else "",
    )


def _historical_data(cursor: Cursor) -> r.Request:
    req_id, contract, expired = cursor.integer(), cursor.contract(), cursor.flag()
    end, bar_size, duration = cursor.text(), cursor.text(), cursor.text()
    use_rth, what, format_date = cursor.flag(), cursor.text(), cursor.integer()
    if contract.sec_type == "BAG":
        cursor.rows(4)
    keep = cursor.flag()
    cursor.text()  # chart options
    return r.HistoricalData(
        req_id, contract, expired, end, bar_size, duration, use_rth, what, format_date, keep
    )


def _cancel_order(cursor: Cursor) -> r.Request:
    cursor.integer()
    return r.CancelOrder(cursor.integer(), cursor.text() if cursor.version >= 169 else "")


def _unversioned(kind: type[r.Request]) -> Message:
    return _plain(kind, versioned=False)


MESSAGES: Mapping[int, Message] = {
    1: Message(_market_data, 2),
    2: _plain(r.CancelMarketData),
    3: Message(place_order, 1),
    4: Message(_cancel_order, 2),
    5: _plain(r.OpenOrders),
    6: _plain(r.AccountUpdates),
    7: _plain(r.Executions),
    8: _plain(r.NextIds),
    9: Message(_contract_details, 2),
    14: _plain(r.ServerLogLevel),
    15: _plain(r.AutoOpenOrders),
    16: _plain(r.AllOpenOrders),
    17: _plain(r.ManagedAccounts),
    20: Message(_historical_data, 1),
    25: _plain(r.CancelHistoricalData),
    49: _plain(r.CurrentTime),
    50: _plain(r.RealTimeBars),
    51: _plain(r.CancelRealTimeBars),
    58: _plain(r.GlobalCancel),
    59: _plain(r.MarketDataType),
    61: _plain(r.Positions),
    62: _plain(r.AccountSummary),
    63: _plain(r.CancelAccountSummary),
    64: _plain(r.CancelPositions),
    71: _plain(r.StartApi),
    74: _plain(r.PositionsMulti),
    75: _plain(r.CancelPositionsMulti),
    76: _plain(r.AccountUpdatesMulti),
    77: _plain(r.CancelAccountUpdatesMulti),
    78: _unversioned(r.OptionParams),
    79: _unversioned(r.SoftDollarTiers),
    80: _unversioned(r.FamilyCodes),
    81: _unversioned(r.MatchingSymbols),
    82: _unversioned(r.DepthExchanges),
    83: _unversioned(r.SmartComponents),
    85: _unversioned(r.NewsProviders),
    87: _unversioned(r.HeadTimestamp),
    90: _unversioned(r.CancelHeadTimestamp),
    91: _unversioned(r.MarketRule),
    92: _unversioned(r.Pnl),
    93: _unversioned(r.CancelPnl),
    94: _unversioned(r.PnlSingle),
    95: _unversioned(r.CancelPnlSingle),
    96: _unversioned(r.HistoricalTicks),
    97: _unversioned(r.TickByTick),
    98: _unversioned(r.CancelTickByTick),
    99: _unversioned(r.CompletedOrders),
    104: _unversioned(r.UserInfo),
}
