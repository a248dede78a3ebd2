"""What somebody may have meant who wrote what is no canonical symbol; pure.

Other systems' spellings above all: OCC, IB's local symbols, slashed pairs, tickers with exchange.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from janus_common.roots import FUTURES

MONTHS = "FGHJKMNQUVXZ"  # of futures, from January on
DECADE = 2025  # a year of one digit is the first one from here on
MARKETS = frozenset(
    ["US", "SMART", "NASDAQ", "NYSE", "ARCA", "AMEX", "BATS", "IEX", "PINK", "OTC", "NMS"]
)

_SEPARATORS = re.compile(r"[\s/_:.\-]+")
_OCC = re.compile(r"([A-Z0-9]{1,6}?)\s*(\d{6})([CP])(\d{5})(\d{3})")
_LOCAL_FUTURE = re.compile(rf"([A-Z0-9]{{1,5}}?)[\s.]?([{MONTHS}])(\d{{1,2}})")
_LONG_MONTH = re.compile(r"([A-Z0-9]{1,6}?)\W?20(\d\d)(0[1-9]|1[0-2])")
_OPTION_DATE = re.compile(r"(?:20)?(\d{6})")
_OPTION_END = re.compile(r"([CP])(?:ALL|UT)?(\d+(?:\.\d+)?)?")


def meant(text: str, *, codes: frozenset[str]) -> Iterator[str]:
    """Yield what ``text``, in upper case, may mean, the likeliest first; not all are symbols.

    ``codes`` are those of currencies and coins.
    """
    bare = text.strip().lstrip("$")
    if match := _OCC.fullmatch(bare):
        yield f"{match[1]}.{match[2]}.{match[3]}.{int(match[4])}.{match[5]}"
    yield from of_local_future(bare)
    yield from of_long_month(bare)
    yield from of_joined_pair(bare, codes=codes)
    parts = [part for part in _SEPARATORS.split(bare) if part]
    yield from _option(bare)
    if len(parts) == 2 and MARKETS & set(parts):
        yield from (part for part in parts if part not in MARKETS)
    if len(parts) == 2:
        yield ".".join(parts)
    if len(parts) == 1 and bare != text:
        yield bare


def of_local_future(text: str) -> Iterator[str]:
    """Yield the future that ``text`` is IB's local symbol of, such as NQH6; roots we know only."""
    match = _LOCAL_FUTURE.fullmatch(text)
    if match is None or match[1] not in FUTURES:
        return
    digits = match[3]
    year = int(digits) if len(digits) == 2 else _year(int(digits))
    yield f"{match[1]}.{year % 100:02}{MONTHS.index(match[2]) + 1:02}"


def of_long_month(text: str) -> Iterator[str]:
    """Yield the future that ``text`` is with all four digits of its year, such as NQ202603."""
    if match := _LONG_MONTH.fullmatch(text):
        yield f"{match[1]}.{match[2]}{match[3]}"


def of_joined_pair(text: str, *, codes: frozenset[str]) -> Iterator[str]:
    """Yield the pair that ``text`` is without its dot, such as EURUSD."""
    base, quote = text[:-3], text[-3:]
    if base in codes and quote in codes and base != quote:
        yield f"{base}.{quote}"


def with_market(text: str) -> Iterator[str]:
    """Yield the ticker of ``text``, if the part behind its dot is a market."""
    ticker, _, market = text.replace("-", ".").rpartition(".")
    if ticker and market in MARKETS:
        yield ticker


def _option(text: str) -> Iterator[str]:
    """Yield the option of ``text`` where only its separators and words are others."""
    parts = [part for part in re.split(r"[\s/_:\-]+|(?<!\d)\.|\.(?!\d)|(?<=\d{6})\.", text) if part]
    if len(parts) not in {3, 4}:
        return
    date, end = _OPTION_DATE.fullmatch(parts[1]), _OPTION_END.fullmatch(parts[2])
    if date is None or end is None:
        return
    strike = end[2] or (parts[3] if len(parts) == 4 else "")
    if strike:
        yield f"{parts[0]}.{date[1]}.{end[1]}.{strike}"


def _year(digit: int) -> int:
    return DECADE + (digit - DECADE) % 10
