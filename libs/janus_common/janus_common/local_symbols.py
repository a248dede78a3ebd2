"""The one-line names that exchanges and Interactive Brokers give contracts, both ways; pure.

Futures as root, month letter and year digit (``NQH6``), options as the OCC writes them
(``AAPL  270115C00200000``), share classes with a space (``BRK B``).
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from janus_common.cures import MONTHS
from janus_common.errors import SymbolInvalid
from janus_common.roots import FUTURES
from janus_common.symbols import Equity, Future, Option, Pair, Right, Symbol, parse

MILLS = Decimal(1_000)  # an OCC strike has three decimals
ROOT_WIDTH, MAX_STRIKE = 6, Decimal("99999.999")

_OCC = re.compile(r"([A-Z0-9]{1,6}) {0,5}(\d{2})(\d{2})(\d{2})([CP])(\d{8})")
_FUTURE = re.compile(rf"([A-Z0-9]{{1,5}}?)([{MONTHS}])(\d)")


def local_symbol(symbol: Symbol) -> str | None:
    """Return the local symbol of ``symbol``; None where that form has no room for it."""
    match symbol:
        case Equity(ticker=ticker, share_class=share_class):
            return f"{ticker} {share_class}" if share_class else ticker
        case Future(root=root, year=year, month=month):
            known = FUTURES.get(root)
            return f"{(known and known.ib_class) or root}{MONTHS[month - 1]}{year % 10}"
        case Option(root=root, expiry=expiry, right=right, strike=strike):
            if strike > MAX_STRIKE or strike * MILLS % 1:
                return None
            return f"{root:<{ROOT_WIDTH}}{expiry:%y%m%d}{right}{int(strike * MILLS):08}"
        case Pair():
            return str(symbol)


def of_local_symbol(text: str, *, near: dt.date) -> Symbol:
    """Return what a local symbol names; the one digit of a year is the nearest one to ``near``.

    Raises:
        SymbolInvalid: it names nothing, or a date that is none.
    """
    if match := _OCC.fullmatch(text):
        try:
            expiry = dt.date(2000 + int(match[2]), int(match[3]), int(match[4]))
        except ValueError:
            raise SymbolInvalid(f"{text}: {match[2]}{match[3]}{match[4]} is no date") from None
        return Option(match[1], expiry, Right(match[5]), int(match[6]) / MILLS)
    classes = {one.ib_class or one.root: one.root for one in FUTURES.values()}
    if (match := _FUTURE.fullmatch(text)) and match[1] in classes:
        decade = near.year - near.year % 10 + int(match[3])
        year = min((decade - 10, decade, decade + 10), key=lambda each: abs(each - near.year))
        return Future(classes[match[1]], year, MONTHS.index(match[2]) + 1)
    return parse(text.replace(" ", "."))
