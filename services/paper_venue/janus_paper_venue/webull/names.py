"""How Webull names instruments, orders, types and states: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.orders import OrderStatus, OrderType, Side, Tif, VenueOrder

APPLE, APPLE_ID = 265598, 913256135  # the one that Webull's documentation shows
FIRST_ID = 9_000_000_000  # an instrument's number here is its con id above this
MARKET = "US"
STOCK, ETF = "US_STOCK", "US_ETF"
CATEGORIES = (STOCK, ETF)
OTHER_CATEGORIES = frozenset(
    {"US_OPTION", "HK_STOCK", "HK_ETF", "CN_STOCK", "JP_STOCK", "JP_ETF", "CRYPTO", "NFT"}
)
EXCHANGES: Mapping[str, str] = {"NASDAQ": "NSQ", "NYSE": "NYSE", "ARCA": "PSE", "BATS": "BAT"}
TYPES: Mapping[str, OrderType] = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "STOP_LOSS": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TRAILING_STOP_LOSS": OrderType.TRAIL,
}
TYPE_NAMES: Mapping[OrderType, str] = {kind: name for name, kind in TYPES.items()}
TIFS: Mapping[str, Tif] = {"DAY": Tif.DAY, "GTC": Tif.GTC, "IOC": Tif.IOC}
SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL, "SHORT": Side.SELL}
SHORT = "SHORT"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
ID_LENGTH = 26


def is_listed(instrument: Instrument) -> bool:
    """Whether Webull has an instrument: US stocks and funds only."""
    return instrument.sec_type is SecType.STOCK and instrument.currency == "USD"


def instrument_id(instrument: Instrument) -> str:
    """Return the number of an instrument, as Webull writes it."""
    con_id = instrument.con_id
    return str(APPLE_ID if con_id == APPLE else FIRST_ID + con_id)


def con_id_of(text: str) -> int:
    """Return the con id of the instrument that Webull numbers ``text``; 0 for what is no number."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        return 0
    number = int(text)
    return APPLE if number == APPLE_ID else number - FIRST_ID


def category(instrument: Instrument) -> str:
    """Return what kind of instrument it is."""
    return ETF if instrument.stock_type == "ETF" else STOCK


def exchange_code(instrument: Instrument) -> str:
    """Return where an instrument is listed."""
    return EXCHANGES.get(instrument.primary_exchange, instrument.primary_exchange)


def order_id(order: VenueOrder) -> str:
    """Return Webull's own name for an order: 26 capital letters and digits."""
    digest = hashlib.sha256(f"order {order.perm_id}".encode()).digest()
    number = int.from_bytes(digest, "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(ID_LENGTH))


def account_number(account: str) -> str:
    """Return the number that a person knows an account by."""
    digest = hashlib.sha256(f"account {account}".encode()).digest()
    return f"5{int.from_bytes(digest[:6], 'big') % 10_000_000:07d}"


def status_of(order: VenueOrder) -> str:
    """Return the state of an order; Webull has no word for one that is being canceled."""
    match order.status:
        case OrderStatus.FILLED:
            return "FILLED"
        case OrderStatus.CANCELED:
            return "CANCELLED"
        case OrderStatus.INACTIVE:
            return "FAILED"
        case _:
            return "PARTIAL_FILLED" if order.filled else "SUBMITTED"


def plain(number: Decimal) -> str:
    """Return a number without exponent and idle zeros."""
    text = f"{number:.8f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def money(number: Decimal) -> str:
    """Return an amount to the cent."""
    return f"{number:.2f}"


def moment(time_ns: int) -> str:
    """Return a moment in UTC, to the millisecond."""
    at = datetime.fromtimestamp(time_ns // 1_000_000_000, tz=UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{time_ns // 1_000_000 % 1000:03d}Z"


def named(instruments: Iterable[Instrument], symbol: str) -> list[Instrument]:
    """Return what Webull lists under a ticker."""
    return [one for one in instruments if is_listed(one) and one.symbol == symbol]
