"""The instruments that exist at any venue of ours, with IB's own numbers where there are any."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from janus_paper_venue.instruments import Catalogue, Instrument, PriceBand, SecType

US_STOCK_EXCHANGES = ("SMART", "NYSE", "NASDAQ", "ARCA", "BATS", "IEX", "ISLAND", "OVERNIGHT")
CENTS = (PriceBand(Decimal(0), Decimal("0.01")),)
QUARTERS = (PriceBand(Decimal(0), Decimal("0.25")),)
OPTION_CENTS = (PriceBand(Decimal(0), Decimal("0.01")), PriceBand(Decimal(3), Decimal("0.05")))
HALF_PIPS = (PriceBand(Decimal(0), Decimal("0.00005")),)
SHARE_STEP = Decimal("0.0001")
MONTH_LETTERS = "FGHJKMNQUVXZ"
QUARTER_MONTHS = (3, 6, 9, 12)
FIRST_FUTURE = 495_000_000  # a future's con id is this plus YYMM
FIRST_OPTION = 700_000_000
FIRST_REPLAYED = 900_000_000  # a replayed symbol's con id is this plus a checksum of its name
AAPL_STRIKES = (200, 220, 240)


def default_catalogue(today: date) -> Catalogue:
    """Return the instruments that exist on ``today``: stocks, two ES months, AAPL options."""
    catalogue = Catalogue(_stocks())
    catalogue.add(_euro())
    for year, month in _quarters(today, count=2):
        catalogue.add(_future(year, month))
    apple = catalogue.named("AAPL")[0]
    for expiry in _option_expiries(today, count=1):
        for strike in AAPL_STRIKES:
            for right in ("C", "P"):
                catalogue.add(_option(apple, expiry, Decimal(strike), right))
    return catalogue


def replayed_stock(symbol: str, price: Decimal) -> Instrument:
    """Return a US stock for a recording of a symbol that the catalogue does not have."""
    checksum = zlib.crc32(symbol.encode()) % 90_000_000
    return stock(
        symbol, FIRST_REPLAYED + checksum, "NYSE", f"{symbol} (recorded)", price=str(price)
    )


def stock(
    symbol: str,
    con_id: int,
    primary_exchange: str,
    long_name: str,
    *,
    price: str,
    kind: str = "COMMON",
) -> Instrument:
    """Return a stock or ETF that is listed in the US."""
    return Instrument(
        con_id=con_id,
        symbol=symbol,
        sec_type=SecType.STOCK,
        currency="USD",
        exchange="SMART",
        primary_exchange=primary_exchange,
        valid_exchanges=US_STOCK_EXCHANGES,
        local_symbol=symbol,
        trading_class="NMS" if primary_exchange == "NASDAQ" else symbol,
        market_name="NMS" if primary_exchange == "NASDAQ" else symbol,
        long_name=long_name,
        first_price=Decimal(price),
        price_bands=CENTS,
        rule_id=26,
        stock_type=kind,
    )


def _stocks() -> Iterator[Instrument]:
    apple = stock("AAPL", 265598, "NASDAQ", "APPLE INC", price="227.50")
    yield replace(apple, industry="Technology", category="Computers", subcategory="Computers")
    yield stock("MSFT", 272093, "NASDAQ", "MICROSOFT CORP", price="415.20")
    yield stock("TSLA", 76792991, "NASDAQ", "TESLA INC", price="248.75")
    yield stock("IBM", 8314, "NYSE", "INTL BUSINESS MACHINES CORP", price="187.40")
    yield stock("SPY", 756733, "ARCA", "SPDR S&P 500 ETF TRUST", price="590.10", kind="ETF")
    fund = stock("VOO", 136155102, "ARCA", "VANGUARD S&P 500 ETF", price="542.30", kind="ETF")
    yield replace(fund, min_size=SHARE_STEP, size_increment=SHARE_STEP)  # fractions of a share
    yield stock("BAC", 10098, "NYSE", "BANK OF AMERICA CORP", price="44.30")
    yield stock("AIG", 61319701, "NYSE", "AMERICAN INTERNATIONAL GROUP", price="76.80")
    # One ticker with two listings, both routed by SMART in USD: ambiguous without the primary.
    for con_id, exchange, name, price in (
        (725400101, "NYSE", "XYZ HOLDINGS INC", "68.20"),
        (725400102, "NASDAQ", "XYZ PHARMACEUTICALS PLC", "12.45"),
    ):
        listing = stock("XYZ", con_id, exchange, name, price=price)
        yield replace(listing, alias=f"XYZ@{exchange}")
    yield replace(
        apple,
        con_id=38708077,
        alias="AAPL@MEXI",
        currency="MXN",
        exchange="MEXI",
        primary_exchange="MEXI",
        valid_exchanges=("MEXI", "SMART"),
        trading_class="AAPL",
        market_name="AAPL",
        first_price=Decimal("4180.00"),
    )


def _euro() -> Instrument:
    return Instrument(
        con_id=12087792,
        symbol="EUR",
        sec_type=SecType.FOREX,
        currency="USD",
        exchange="IDEALPRO",
        primary_exchange="IDEALPRO",
        valid_exchanges=("IDEALPRO", "SMART"),
        local_symbol="EUR.USD",
        trading_class="EUR.USD",
        market_name="EUR.USD",
        long_name="European Monetary Union Euro",
        first_price=Decimal("1.08500"),
        price_bands=HALF_PIPS,
        rule_id=59,
    )


def _future(year: int, month: int) -> Instrument:
    last_day = third_friday(year, month)
    local = f"ES{MONTH_LETTERS[month - 1]}{year % 10}"
    return Instrument(
        con_id=FIRST_FUTURE + year % 100 * 100 + month,
        symbol="ES",
        sec_type=SecType.FUTURE,
        currency="USD",
        exchange="CME",
        primary_exchange="CME",
        valid_exchanges=("CME", "QBALGO"),
        local_symbol=local,
        trading_class="ES",
        market_name="ES",
        long_name="E-mini S&P 500",
        first_price=Decimal("5900.00") + month,
        price_bands=QUARTERS,
        rule_id=67,
        multiplier=50,
        expiry=f"{last_day:%Y%m%d}",
        contract_month=f"{last_day:%Y%m}",
        under_con_id=11004968,
        under_symbol="ES",
        time_zone="US/Central",
        margin=Decimal(15_000),
    )


def _option(under: Instrument, expiry: date, strike: Decimal, right: str) -> Instrument:
    intrinsic = under.first_price - strike if right == "C" else strike - under.first_price
    price = max(intrinsic, Decimal(0)) + Decimal("6.50")
    number = FIRST_OPTION + expiry.toordinal() % 10_000 * 10_000
    return Instrument(
        con_id=number + int(strike) * 2 + (right == "P"),
        symbol=under.symbol,
        sec_type=SecType.OPTION,
        currency="USD",
        exchange="SMART",
        primary_exchange="CBOE",
        valid_exchanges=("SMART", "AMEX", "CBOE", "ISE", "PHLX"),
        local_symbol=f"{under.symbol:<6}{expiry:%y%m%d}{right}{int(strike * 1000):08d}",
        trading_class=under.symbol,
        market_name=under.symbol,
        long_name=under.long_name,
        first_price=price.quantize(Decimal("0.05")),
        price_bands=OPTION_CENTS,
        rule_id=32,
        multiplier=100,
        expiry=f"{expiry:%Y%m%d}",
        contract_month=f"{expiry:%Y%m}",
        strike=strike,
        right=right,
        under_con_id=under.con_id,
        under_symbol=under.symbol,
    )


def third_friday(year: int, month: int) -> date:
    """Return the day on which index futures and monthly options end."""
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def _quarters(today: date, *, count: int) -> Iterator[tuple[int, int]]:
    found = 0
    for year in range(today.year, today.year + count + 1):
        for month in QUARTER_MONTHS:
            if found < count and third_friday(year, month) >= today:
                found += 1
                yield year, month


def _option_expiries(today: date, *, count: int) -> Iterator[date]:
    """Yield monthly expiries, the first one at least four weeks away."""
    months = (
        third_friday(today.year + (today.month + ahead) // 12, (today.month + ahead) % 12 + 1)
        for ahead in range(count + 2)
    )
    ahead = [one for one in months if one >= today + timedelta(days=28)]
    yield from ahead[:count]
