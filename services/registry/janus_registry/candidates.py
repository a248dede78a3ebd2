"""What a broker's answer to a lookup means for one symbol: pure.

One candidate that passes the default filter (at Interactive Brokers the US, routed by SMART) is
the answer. Several, or only others of that name, are for a person to choose from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from janus_common import symbols
from janus_common.errors import Code, Denied
from janus_common.messages import Instrument, LookupReply, Outcome
from janus_common.symbols import AssetClass, Pair

NAMES = {"ib": "Interactive Brokers", "webull": "Webull"}
IDS = {"ib": "ib_conid", "webull": "webull_instrument_id"}
MARKETS = {"ib": ("ib_primary_exchange", "exchange"), "webull": ("webull_market", "exchange")}
CURRENCY, ROUTE = "USD", "SMART"  # the default filter
LISTED = 5  # candidates in a sentence
ABOUT_THE_SYMBOL = frozenset(
    (Code.UNKNOWN_SYMBOL, Code.INVALID_SYMBOL, Code.AMBIGUOUS_SYMBOL, Code.UNSUPPORTED)
)


class Meant(StrEnum):
    """What an answer comes to."""

    UNIQUE = "UNIQUE"
    AMBIGUOUS = "AMBIGUOUS"  # several, or only something else of that name
    NOT_FOUND = "NOT_FOUND"
    UNANSWERED = "UNANSWERED"  # the broker has not spoken about the symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one answer means for one symbol; all but a UNIQUE one has a reason."""

    meant: Meant
    found: Instrument | None = None  # of UNIQUE
    code: Code = Code.UNKNOWN_SYMBOL
    reason: str = ""
    hint: str = ""
    candidates: Sequence[Instrument] = ()
    count: int = 0  # of candidates, of which not all may be named

    def one(self) -> Instrument:
        """Return the one instrument that is meant.

        Raises:
            Denied: there is none, or there are several.
        """
        if self.found is None:
            raise Denied(self.code, self.reason, self.hint)
        return self.found


def meaning(
    symbol: str, broker: str, reply: LookupReply, known: Instrument | None = None
) -> Meaning:
    """Return what ``reply`` of ``broker`` says of ``symbol``, of which ``known`` is known."""
    if reply.outcome is not Outcome.ACCEPTED:
        code = reply.code or Code.BROKER_DOWN
        meant = Meant.NOT_FOUND if code in ABOUT_THE_SYMBOL else Meant.UNANSWERED
        reason = reply.reason or f"{symbol}: {NAMES.get(broker, broker)} does not say"
        return Meaning(meant=meant, code=code, reason=reason)
    named = _each_once(broker, reply.candidates)
    count = max(reply.count, len(named))
    if not named:
        return Meaning(
            meant=Meant.NOT_FOUND, reason=f"{symbol}: {NAMES.get(broker, broker)} has none"
        )
    fitting = [one for one in named if _fits(symbol, broker, one, known)]
    if len(fitting) == 1 and (count == len(named) or _id_known(broker, known) is not None):
        return Meaning(meant=Meant.UNIQUE, found=fitting[0], candidates=named, count=count)
    return Meaning(
        meant=Meant.AMBIGUOUS,
        code=Code.AMBIGUOUS_SYMBOL,
        reason=_why(symbol, broker, fitting, named, count),
        hint=_choose(symbol, broker, fitting),
        candidates=named,
        count=count,
    )


def _fits(symbol: str, broker: str, one: Instrument, known: Instrument | None) -> bool:
    """Whether ``one`` is what ``symbol`` means, by the default filter and by what is known."""
    parsed = symbols.parse(symbol)
    wanted = _id_known(broker, known)
    if wanted is not None:
        return bool(getattr(one, IDS[broker]) == wanted)
    if one.symbol != symbol or one.asset_class is not parsed.asset_class:
        return False
    usual = parsed.quote if isinstance(parsed, Pair) else CURRENCY
    if one.currency != (usual if known is None else known.currency):
        return False
    is_routed = one.ib_exchange in {None, ROUTE} or parsed.asset_class is not AssetClass.EQUITY
    return is_routed if broker == "ib" else True


def _id_known(broker: str, known: Instrument | None) -> object:
    return None if known is None else getattr(known, IDS.get(broker, ""), None)


def _each_once(broker: str, candidates: Sequence[Instrument]) -> list[Instrument]:
    name = IDS.get(broker, "symbol")
    found: dict[object, Instrument] = {}
    for one in candidates:
        found.setdefault(getattr(one, name) or one.symbol, one)
    return list(found.values())


def _why(
    symbol: str,
    broker: str,
    fitting: Sequence[Instrument],
    named: Sequence[Instrument],
    count: int,
) -> str:
    if fitting:
        some = fitting if len(fitting) > 1 else named
        many = max(count, len(some)) if count > len(named) else len(some)
        return f"{symbol} may be any of {many}: {listed(broker, some)}; nothing was stored"
    return f"{symbol}: {NAMES.get(broker, broker)} has only {listed(broker, named)}; nothing was stored"


def _choose(symbol: str, broker: str, fitting: Sequence[Instrument]) -> str:
    """Return what to type to choose the first one."""
    number = getattr(fitting[0], IDS.get(broker, ""), None) if fitting else None
    if number is None:
        return f"janus symbols show {symbol}"
    option = IDS[broker].replace("_", "-")
    return f"janus symbols add {symbol} --{option} {number}, or whichever is meant"


def listed(broker: str, candidates: Sequence[Instrument]) -> str:
    """Return the first candidates in words: id, where it lists, currency."""
    shown = [" ".join(_words(broker, one)) for one in candidates[:LISTED]]
    return ", ".join(shown) + (", …" if len(candidates) > len(shown) else "")


def _words(broker: str, one: Instrument) -> list[str]:
    markets = (getattr(one, name) for name in MARKETS.get(broker, ("exchange",)))
    where = next((market for market in markets if market), "?")
    number = getattr(one, IDS.get(broker, ""), None)
    return [str(number or one.symbol), where, one.currency]
