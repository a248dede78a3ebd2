"""What can be traded here: instruments, and the catalogue that finds them as IB does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class SecType(StrEnum):
    STOCK = "STK"
    FUTURE = "FUT"
    OPTION = "OPT"
    FOREX = "CASH"


@dataclass(frozen=True, slots=True)
class PriceBand:
    """From ``low_edge`` up, prices are multiples of ``increment``."""

    low_edge: Decimal
    increment: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One instrument; ``con_id`` names it for ever."""

    con_id: int
    symbol: str  # the broker's root: AAPL, ES, EUR
    sec_type: SecType
    currency: str
    exchange: str  # where orders go unless told otherwise: SMART, CME, IDEALPRO
    primary_exchange: str
    valid_exchanges: tuple[str, ...]
    local_symbol: str
    trading_class: str
    market_name: str
    long_name: str
    first_price: Decimal  # where the synthetic market begins
    price_bands: tuple[PriceBand, ...]
    rule_id: int  # the market rule that holds ``price_bands``
    multiplier: int = 1
    expiry: str = ""  # YYYYMMDD, the last trading day; empty for stocks and forex
    contract_month: str = ""  # YYYYMM
    strike: Decimal | None = None
    right: str = ""  # C or P
    under_con_id: int = 0
    under_symbol: str = ""
    stock_type: str = ""  # COMMON, ETF, ...
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    time_zone: str = "US/Eastern"
    min_size: Decimal = Decimal(1)
    size_increment: Decimal = Decimal(1)
    margin: Decimal = Decimal(0)  # per contract, for futures; 0: a share of the value
    alias: str = ""  # what people call it, where its symbol alone would name several
    order_types: str = (
        "ACTIVETIM,DAY,FOK,GAT,GTC,GTD,IOC,LIT,LMT,LOC,MIT,MKT,MOC,OCA,OPG,STP,STPLMT,"
        "TRAIL,TRAILLMT,WHATIF"
    )

    @property
    def name(self) -> str:
        """What a person calls it: AAPL, XYZ@NYSE, ES.2612, AAPL.270115.C.200, EUR.USD."""
        if self.alias:
            return self.alias
        if self.sec_type is SecType.FUTURE:
            return f"{self.symbol}.{self.contract_month[2:]}"
        if self.sec_type is SecType.OPTION:
            return f"{self.symbol}.{self.expiry[2:]}.{self.right}.{self.strike}"
        return self.symbol if self.sec_type is SecType.STOCK else self.local_symbol

    @property
    def min_tick(self) -> Decimal:
        """The smallest increment of any price band."""
        return min(band.increment for band in self.price_bands)

    def increment_at(self, price: Decimal) -> Decimal:
        """Return the increment that ``price`` must be a multiple of."""
        found = self.price_bands[0].increment
        for band in self.price_bands:
            if price >= band.low_edge:
                found = band.increment
        return found

    def is_on_grid(self, price: Decimal) -> bool:
        """Whether ``price`` is a multiple of its increment."""
        return price % self.increment_at(price) == 0


class ContractLike(Protocol):
    """A contract as a client describes it; empty, 0 and ``None`` mean "any"."""

    @property
    def con_id(self) -> int: ...
    @property
    def symbol(self) -> str: ...
    @property
    def sec_type(self) -> str: ...
    @property
    def expiry(self) -> str: ...
    @property
    def strike(self) -> Decimal | None: ...
    @property
    def right(self) -> str: ...
    @property
    def multiplier(self) -> str: ...
    @property
    def exchange(self) -> str: ...
    @property
    def primary_exchange(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def local_symbol(self) -> str: ...
    @property
    def trading_class(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A contract description of our own making."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


RIGHTS = {"C": "C", "CALL": "C", "P": "P", "PUT": "P", "": "", "?": "", "0": ""}


class Catalogue:
    """All instruments of the venue; replayed symbols are added at start."""

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self.by_con_id: dict[int, Instrument] = {}
        for instrument in instruments:
            self.add(instrument)

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self.by_con_id.values())

    def add(self, instrument: Instrument) -> None:
        """Add ``instrument``; the same ``con_id`` replaces."""
        self.by_con_id[instrument.con_id] = instrument

    def get(self, con_id: int) -> Instrument | None:
        """Return the instrument with ``con_id``."""
        return self.by_con_id.get(con_id)

    def find(self, query: ContractLike) -> list[Instrument]:
        """Return every instrument that ``query`` describes, oldest first.

        None found is IB's error 200; several make an order ambiguous (also 200). A client's
        ``exchange`` says where to route: any of ``valid_exchanges``, and is echoed to it.
        """
        if query.con_id:
            found = self.by_con_id.get(query.con_id)
            is_routable = found and (not query.exchange or _routes(found, query.exchange))
            return [found] if found and is_routable else []
        if not (query.symbol or query.local_symbol):
            return []
        return [one for one in self if _matches(one, query)]

    def named(self, name: str) -> list[Instrument]:
        """Return the instrument that people call ``name``; else all of that symbol or local symbol.

        A number is a con id.
        """
        if name.isdecimal():
            found = self.get(int(name))
            return [found] if found else []
        return [one for one in self if one.name == name] or [
            one for one in self if name in {one.symbol, one.local_symbol}
        ]

    def starting_with(self, pattern: str) -> list[Instrument]:
        """Return stocks whose symbol begins with ``pattern`` or whose name holds it."""
        wanted = pattern.strip().upper()
        if not wanted:
            return []
        return [
            one
            for one in self
            if one.sec_type is SecType.STOCK
            and (one.symbol.startswith(wanted) or wanted in one.long_name.upper())
        ]

    def derivatives(self, under_con_id: int) -> list[Instrument]:
        """Return options (and futures) on the instrument ``under_con_id``."""
        return [one for one in self if one.under_con_id == under_con_id]

    def price_bands(self, rule_id: int) -> tuple[PriceBand, ...]:
        """Return the bands of market rule ``rule_id``; empty if there is none."""
        return next((one.price_bands for one in self if one.rule_id == rule_id), ())


def _routes(instrument: Instrument, exchange: str) -> bool:
    return exchange in instrument.valid_exchanges


def _matches(one: Instrument, query: ContractLike) -> bool:
    named = (
        (query.symbol.upper(), one.symbol),
        (query.sec_type, one.sec_type),
        (query.currency, one.currency),
        (query.local_symbol, one.local_symbol),
        (query.trading_class, one.trading_class),
        (query.primary_exchange.partition(".")[0], one.primary_exchange),
        (RIGHTS.get(query.right.upper(), query.right), one.right),
    )
    return (
        all(wanted in {"", has} for wanted, has in named)
        and (not query.exchange or _routes(one, query.exchange))
        and (not query.strike or query.strike == one.strike)
        and query.multiplier in {"", str(one.multiplier)}
        and _expires(one, query.expiry)
    )


def _expires(one: Instrument, expiry: str) -> bool:
    """YYYYMM names the contract month, YYYYMMDD the last trading day."""
    return not expiry or expiry == (one.contract_month if len(expiry) == 6 else one.expiry)
