"""Futures and option roots: where they trade, what a point is worth, what IB calls them. Pure.

From the exchanges' contract specifications; what is not in here is asked for at each exchange.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# Names that exchanges had before: only where the present one finds nothing.
LEGACY = {"CME": "GLOBEX", "CBOT": "ECBOT"}

# root, exchange, value of a point; then what IB calls it where that differs: symbol, trading class.
_FUTURES = """
ES CME 50
MES CME 5
NQ CME 20
MNQ CME 2
RTY CME 50
M2K CME 5
EMD CME 100
NKD CME 5
YM CBOT 5
MYM CBOT 0.5
VIX CFE 1000 VIX VX
VXM CFE 100
6A CME 100000 AUD 6A
6B CME 62500 GBP 6B
6C CME 100000 CAD 6C
6E CME 125000 EUR 6E
6J CME 12500000 JPY 6J
6M CME 500000 MXP 6M
6N CME 100000 NZD 6N
6S CME 125000 CHF 6S
M6A CME 10000
M6B CME 6250
M6E CME 12500
BTC CME 5 BRR BTC
MBT CME 0.1
ETH CME 50 ETHUSDRR ETH
MET CME 0.1
SR3 CME 2500
LE CME 40000
HE CME 40000
GF CME 50000
ZB CBOT 1000
UB CBOT 1000
ZN CBOT 1000
TN CBOT 1000
ZF CBOT 1000
ZT CBOT 2000
ZC CBOT 5000
ZS CBOT 5000
ZW CBOT 5000
ZL CBOT 60000
ZM CBOT 100
CL NYMEX 1000
MCL NYMEX 100
QM NYMEX 500
NG NYMEX 10000
QG NYMEX 2500
HO NYMEX 42000
RB NYMEX 42000
PL NYMEX 50
PA NYMEX 100
GC COMEX 100
MGC COMEX 10
SI COMEX 5000 SI SI
SIL COMEX 1000 SI SIL
HG COMEX 25000
MHG COMEX 2500
"""
# Index roots with two series each: one settles in the morning, one in the afternoon.
INDEX_CLASSES = {
    "SPX": "SPX",
    "SPXW": "SPX",
    "NDX": "NDX",
    "NDXP": "NDX",
    "RUT": "RUT",
    "RUTW": "RUT",
    "VIX": "VIX",
    "VIXW": "VIX",
}


@dataclass(frozen=True, slots=True)
class Root:
    """One futures root."""

    root: str
    exchange: str
    multiplier: Decimal
    ib_symbol: str
    ib_class: str  # IB's trading class; empty: as the root

    @property
    def exchanges(self) -> tuple[str, ...]:
        """Return where to ask, in order: the exchange, then what it was called before."""
        legacy = LEGACY.get(self.exchange)
        return (self.exchange, legacy) if legacy else (self.exchange,)


def _root(line: str) -> Root:
    root, exchange, multiplier, *ib = line.split()
    symbol, trading_class = ib or (root, "")
    return Root(root, exchange, Decimal(multiplier), symbol, trading_class)


FUTURES = {one.root: one for one in map(_root, _FUTURES.strip().splitlines())}


def of_ib(symbol: str, trading_class: str) -> str:
    """Return the root of a future that IB calls so."""
    named = [one for one in FUTURES.values() if one.ib_symbol == symbol]
    by_class = [one.root for one in named if (one.ib_class or one.root) == trading_class]
    own = [one.root for one in named if one.root == symbol]
    if by_class or own:
        return (by_class or own)[0]
    return named[0].root if len(named) == 1 and not trading_class else symbol
