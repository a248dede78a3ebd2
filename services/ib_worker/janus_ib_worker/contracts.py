"""Canonical symbols and IB's names for the same things: pure, without the SDK."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from janus_common.errors import Code, Denied, SymbolInvalid
from janus_common.messages import Instrument
from janus_common.roots import FUTURES, INDEX_CLASSES, of_ib
from janus_common.symbols import AssetClass, Equity, Future, Option, Pair, Right, parse, plain

SMART = "SMART"
FUTURES_EXCHANGES = ("CME", "CBOT", "NYMEX", "COMEX", "CFE", "GLOBEX", "ECBOT")
MONTHS = "FGHJKMNQUVXZ"
ASSET_CLASSES = {
    "STK": AssetClass.EQUITY,
    "FUT": AssetClass.FUTURE,
    "OPT": AssetClass.OPTION,
    "FOP": AssetClass.OPTION,
    "CASH": AssetClass.FOREX,
    "CRYPTO": AssetClass.CRYPTO,
}

_LOCAL_FUTURE = re.compile(rf"[A-Z0-9]{{1,5}}([{MONTHS}])(\d{{1,2}})")
_ODD = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An instrument in IB's words; what is not known is empty or 0."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""  # YYYYMM or YYYYMMDD
    strike: Decimal = Decimal(0)
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    contract_month: str = ""  # of a lookup's answer
    min_tick: Decimal | None = None
    size_step: Decimal | None = None
    rule_id: int | None = None  # of the market rule where orders are routed to
    price_steps: str | None = None  # what that rule says, as in ``Instrument``


def asset_class(named: Named) -> AssetClass:
    """Return what kind of instrument it is; unknown kinds count as equity."""
    return ASSET_CLASSES.get(named.sec_type, AssetClass.EQUITY)


def canonical(named: Named) -> str:
    """Return the canonical symbol of what IB names; ``IB-<conId>`` where there is none."""
    try:
        return str(parse(_spelled(named)))
    except (SymbolInvalid, ValueError):
        return f"IB-{named.con_id}"


def questions(symbol: str) -> list[Named]:
    """Return what to ask IB for ``symbol``, in order; the next only if one finds nothing.

    Raises:
        SymbolInvalid: it is not canonical.
    """
    match parse(symbol):
        case Equity(ticker=ticker, share_class=share_class):
            name = f"{ticker} {share_class}" if share_class else ticker
            return [Named(symbol=name, sec_type="STK", exchange=SMART, currency="USD")]
        case Future(root=root, year=year, month=month):
            return _future_questions(root, f"{year}{month:02}")
        case Option() as wanted:
            return _option_questions(wanted)
        case Pair(base=base, quote=quote, asset_class=kind):
            is_crypto = kind is AssetClass.CRYPTO
            return [
                Named(
                    symbol=base,
                    sec_type="CRYPTO" if is_crypto else "CASH",
                    exchange="PAXOS" if is_crypto else "IDEALPRO",
                    currency=quote,
                )
            ]


def _future_questions(root: str, expiry: str) -> list[Named]:
    known = FUTURES.get(root)
    if known is None:
        exchanges: tuple[str, ...] = FUTURES_EXCHANGES
        symbol, trading_class = root, ""
    else:
        exchanges = known.exchanges
        symbol, trading_class = known.ib_symbol, known.ib_class
    return [
        Named(
            symbol=symbol,
            sec_type="FUT",
            expiry=expiry,
            exchange=exchange,
            currency="USD",
            trading_class=trading_class,
        )
        for exchange in exchanges
    ]


def _option_questions(wanted: Option) -> list[Named]:
    """Return an index's own series by its class, an option on a future at the future's exchange."""
    root, index = FUTURES.get(wanted.root), INDEX_CLASSES.get(wanted.root)
    if index is not None:
        kinds = [("OPT", SMART, index, wanted.root)]
    elif root is not None:  # also where a stock is called so: the root decides
        kinds = [("FOP", root.exchange, root.ib_symbol, "")]
    else:
        kinds = [("OPT", SMART, wanted.root, ""), ("FOP", "CME", wanted.root, "")]
    return [
        Named(
            symbol=symbol,
            sec_type=sec_type,
            expiry=f"{wanted.expiry:%Y%m%d}",
            strike=wanted.strike,
            right=wanted.right.value,
            exchange=exchange,
            currency="USD",
            trading_class=trading_class,
        )
        for sec_type, exchange, symbol, trading_class in kinds
    ]


def elsewhere(symbol: str) -> list[Named]:
    """Return what to ask IB if it has nothing that ``symbol`` means: what else is called so?"""
    asked = questions(symbol)
    return [replace(each, exchange="", currency="") for each in asked if each.sec_type == "STK"]


def answers(symbol: str, found: list[Named], asked: Named | None = None) -> list[Named]:
    """Return those of ``found`` that are what ``symbol`` means, each conId once.

    Where ``asked`` was what else is called so, that is all of them.
    """
    wanted = parse(symbol)
    named = list({one.con_id: one for one in found}.values())
    if asked is not None and not asked.currency:
        return named
    if isinstance(wanted, Future):
        return _futures(wanted, named)
    if isinstance(wanted, Option):  # EC: event contracts; 2AAPL: adjusted by a corporate action
        return [n for n in named if n.sec_type in {"OPT", "FOP"} and not _is_adjusted(n)]
    if isinstance(wanted, Equity):
        return [n for n in named if n.sec_type == "STK" and n.currency == "USD"]
    return named


def _futures(wanted: Future, named: list[Named]) -> list[Named]:
    """Return the monthly contracts of the root itself: no weeklies, no other size."""
    month = f"{wanted.year}{wanted.month:02}"
    found = [n for n in named if not n.contract_month or n.contract_month == month]
    known = FUTURES.get(wanted.root)
    trading_class = (known.ib_class if known else "") or wanted.root
    of_class = [n for n in found if n.trading_class == trading_class]
    found = of_class or ([] if known and known.ib_class else found)
    if known is None:
        return found
    return [n for n in found if not n.multiplier or multiplier(n) == known.multiplier]


def _is_adjusted(named: Named) -> bool:
    return named.sec_type == "OPT" and named.trading_class[:1].isdigit()


def route(named: Named) -> str:
    """Return the exchange that orders go to."""
    if named.sec_type in {"STK", "OPT"}:
        return SMART
    return named.exchange or SMART


def multiplier(named: Named) -> Decimal:
    """Return how many units one contract stands for."""
    text = named.multiplier.strip()
    found = Decimal(text) if re.fullmatch(r"\d+(\.\d+)?", text) else Decimal(1)
    return found or Decimal(1)


def _spelled(named: Named) -> str:
    match named.sec_type:
        case "STK" if named.currency == "USD":  # another currency is another listing
            return named.symbol.replace(" ", ".")
        case "FUT":
            return f"{of_ib(named.symbol, named.trading_class)}.{_contract_month(named)}"
        case "OPT" | "FOP":
            right = Right.PUT if named.right.startswith("P") else Right.CALL
            return f"{_option_root(named)}.{named.expiry[2:8]}.{right}.{plain(named.strike)}"
        case "CASH" | "CRYPTO":
            return f"{named.symbol}.{named.currency}"
    raise SymbolInvalid(f"{named.sec_type}: no canonical symbols of that kind")


def _option_root(named: Named) -> str:
    """Return the root; an index's two series have one symbol at IB, and each its class."""
    if named.sec_type == "OPT" and INDEX_CLASSES.get(named.trading_class) == named.symbol:
        return named.trading_class
    return of_ib(named.symbol, "") if named.sec_type == "FOP" else named.symbol


def _contract_month(named: Named) -> str:
    """Return YYMM; the last trade date may lie in another month, the local symbol does not."""
    if named.contract_month:
        return named.contract_month[2:6]
    match = _LOCAL_FUTURE.fullmatch(_ODD.sub("", named.local_symbol))
    if match is None or len(named.expiry) < 6:
        return named.expiry[2:6]
    month = MONTHS.index(match[1]) + 1
    year = _year_near(int(named.expiry[:4]), match[2])
    return f"{year % 100:02}{month:02}"


def _year_near(year: int, digits: str) -> int:
    """Return the year with these last digits that is nearest to ``year``."""
    step: int = 10 ** len(digits)
    candidates = [year - year % step + int(digits) + shift for shift in (-step, 0, step)]
    return min(candidates, key=lambda candidate: abs(candidate - year))


def tradable(instrument: Instrument) -> Instrument:
    """Return ``instrument`` if IB has said which one it is; else raise Denied."""
    if not instrument.ib_conid:
        raise Denied(
            Code.UNKNOWN_SYMBOL,
            f"{instrument.symbol} has no conId",
            f"janus symbols resolve {instrument.symbol}",
        )
    return instrument
