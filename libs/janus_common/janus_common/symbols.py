"""Canonical symbols: one spelling per instrument, parsed, formatted, explained when refused.

Equity ``AAPL``, ``BRK.B``; future ``ROOT.YYMM`` (``NQ.2603``); option
``ROOT.YYMMDD.C|P.STRIKE`` (``NQ.260320.C.15000``); forex ``EUR.USD``; crypto ``BTC.USD``, which
is told from forex by its first part. A symbol becomes the tail of a subject, so nothing that
means something there (space, ``*``, ``>``, control characters) gets through.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from janus_common import cures
from janus_common.errors import SymbolInvalid
from janus_common.roots import FUTURES, INDEX_CLASSES

MAX_LENGTH = 40  # characters; the longest real option symbol is about 25
CURRENCIES = frozenset(
    [
        "AUD",
        "CAD",
        "CHF",
        "CNH",
        "CZK",
        "DKK",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "ILS",
        "JPY",
        "MXN",
        "NOK",
        "NZD",
        "PLN",
        "SEK",
        "SGD",
        "TRY",
        "USD",
        "ZAR",
    ]
)
CRYPTOS = frozenset(("BCH", "BTC", "DOGE", "ETH", "LINK", "LTC", "SOL", "XRP"))
CODES = CURRENCIES | CRYPTOS

_CHARACTERS = re.compile(r"[A-Z0-9.\-]+")
_EQUITY = re.compile(r"([A-Z][A-Z0-9]{0,11})(?:[.\-]([A-Z]{1,3}))?")
_FUTURE = re.compile(r"([A-Z0-9]{1,6})\.(\d{2})(\d{2})")
_OPTION = re.compile(
    r"([A-Z][A-Z0-9]{0,5})\.(\d{2})(\d{2})(\d{2})\.([CP])\.(\d{1,7}(?:\.\d{1,4})?)"
)
_PAIR = re.compile(r"([A-Z]{3,5})[.\-]([A-Z]{3})")
_FUTURE_WITHOUT_DOT = re.compile(r"(?=.*[A-Z])([A-Z0-9]{1,4})(\d{2})(0[1-9]|1[0-2])")


class AssetClass(StrEnum):
    """What kind of instrument a symbol names."""

    EQUITY = "EQUITY"
    FUTURE = "FUTURE"
    OPTION = "OPTION"
    FOREX = "FOREX"
    CRYPTO = "CRYPTO"


class Right(StrEnum):
    """Call or put."""

    CALL = "C"
    PUT = "P"


@dataclass(frozen=True, slots=True)
class Equity:
    """A stock or an ETF; ``share_class`` is the part after the dot, or empty."""

    ticker: str
    share_class: str = ""

    asset_class = AssetClass.EQUITY

    def __str__(self) -> str:
        return f"{self.ticker}.{self.share_class}" if self.share_class else self.ticker


@dataclass(frozen=True, slots=True)
class Future:
    """A futures contract by root and contract month."""

    root: str
    year: int
    month: int

    asset_class = AssetClass.FUTURE

    def __str__(self) -> str:
        return f"{self.root}.{self.year % 100:02}{self.month:02}"


@dataclass(frozen=True, slots=True)
class Option:
    """One option series; ``expiry`` is the last trade date."""

    root: str
    expiry: dt.date
    right: Right
    strike: Decimal

    asset_class = AssetClass.OPTION

    def __str__(self) -> str:
        return f"{self.root}.{self.expiry:%y%m%d}.{self.right}.{plain(self.strike)}"


@dataclass(frozen=True, slots=True)
class Pair:
    """A currency pair or a crypto coin priced in a currency."""

    base: str
    quote: str
    asset_class: AssetClass

    def __str__(self) -> str:
        return f"{self.base}.{self.quote}"


Symbol = Equity | Future | Option | Pair


def plain(number: Decimal) -> str:
    """Return ``number`` without exponent and trailing zeros: ``15000``, ``2.5``."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def usual_multiplier(symbol: Symbol) -> Decimal | None:
    """Return how many units one contract of ``symbol`` stands for; None is not known here."""
    match symbol:
        case Future(root=root):
            return FUTURES[root].multiplier if root in FUTURES else None
        case Option(root=root):
            is_of_future = root in FUTURES and root not in INDEX_CLASSES
            return FUTURES[root].multiplier if is_of_future else Decimal(100)
        case _:
            return Decimal(1)


def canonical(text: str) -> str:
    """Return ``text`` trimmed, in upper case and in canonical spelling.

    Raises:
        SymbolInvalid: it is none; the text says why and what would be right.
    """
    return str(parse(text))


def parse(text: str) -> Symbol:
    """Return the instrument that ``text`` names; trims and ignores case.

    Raises:
        SymbolInvalid: it is none; the text says why and what would be right.
    """
    wanted = text.strip().upper() if text.isascii() else text
    _refuse_bad_characters(wanted, text)
    if match := _OPTION.fullmatch(wanted):
        return _option(match, wanted)
    if (match := _FUTURE.fullmatch(wanted)) and 1 <= int(match[3]) <= 12:
        return Future(match[1], 2000 + int(match[2]), int(match[3]))
    if (match := _PAIR.fullmatch(wanted)) and match[2] in CURRENCIES:
        if match[1] == match[2]:
            raise SymbolInvalid(f"{wanted}: a pair has two different currencies, such as EUR.USD")
        if match[1] in CRYPTOS:
            return Pair(match[1], match[2], AssetClass.CRYPTO)
        if match[1] in CURRENCIES:
            return Pair(match[1], match[2], AssetClass.FOREX)
    if match := _FUTURE_WITHOUT_DOT.fullmatch(wanted):
        cure = next(cures.of_long_month(wanted), f"{match[1]}.{match[2]}{match[3]}")
        raise SymbolInvalid(f"{wanted}: a future is ROOT.YYMM, did you mean {cure}?")
    _refuse_other_spellings(wanted)
    if match := _EQUITY.fullmatch(wanted):
        return Equity(match[1], match[2] or "")
    raise SymbolInvalid(f"{wanted}: {_why(wanted)}{_suggestion(wanted)}")


def _refuse_other_spellings(wanted: str) -> None:
    """Refuse what looks like an equity and is another system's name of something else."""
    for found, what in (
        (cures.of_local_future(wanted), "a future is ROOT.YYMM"),
        (cures.of_joined_pair(wanted, codes=CODES), "a pair is BASE.QUOTE"),
        (cures.with_market(wanted), "a market is no part of a symbol"),
    ):
        for cure in filter(_is_symbol, found):
            raise SymbolInvalid(f"{wanted}: {what}, did you mean {parse(cure)}?")


def _suggestion(wanted: str) -> str:
    """Return a question about what may be meant, or nothing."""
    for text in cures.meant(wanted, codes=CODES):
        if text != wanted and _is_symbol(text):
            return f"; did you mean {parse(text)}?"
    return ""


def _is_symbol(text: str) -> bool:
    try:
        parse(text)
    except SymbolInvalid:
        return False
    return True


def _refuse_bad_characters(wanted: str, text: str) -> None:
    if not wanted:
        raise SymbolInvalid("the symbol is empty; give one such as AAPL")
    if len(wanted) > MAX_LENGTH:
        raise SymbolInvalid(
            f"a symbol has at most {MAX_LENGTH} characters, this one has {len(wanted)}: "
            f"{wanted[:20]!a}…"
        )
    if not _CHARACTERS.fullmatch(wanted):
        bad = next(c for c in wanted if not _CHARACTERS.fullmatch(c))
        raise SymbolInvalid(
            f"{text!a}: {bad!a} cannot be part of a symbol; use letters, digits, dots and dashes"
            f"{_suggestion(wanted) if text.isascii() else ''}"
        )


def _option(match: re.Match[str], wanted: str) -> Option:
    try:
        expiry = dt.date(2000 + int(match[2]), int(match[3]), int(match[4]))
    except ValueError:
        raise SymbolInvalid(f"{wanted}: {match[2]}{match[3]}{match[4]} is no date YYMMDD") from None
    strike = Decimal(match[6])
    if strike <= 0:
        raise SymbolInvalid(f"{wanted}: the strike must be above zero")
    return Option(match[1], expiry, Right(match[5]), strike)


def _why(wanted: str) -> str:
    if wanted.count(".") >= 2:
        return "an option is ROOT.YYMMDD.C|P.STRIKE, such as NQ.260320.C.15000"
    if "." in wanted:
        return (
            "after the dot comes a share class (BRK.B), a contract month YYMM (NQ.2603) "
            "or a currency (EUR.USD)"
        )
    return "an equity begins with a letter and has at most 12 letters and digits, such as AAPL"
