"""Which order a command line asks for: its type follows from the prices that are given. Pure."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from janus_common.clock import NS_PER_S
from janus_common.messages import OrderType, Tif

from janus_cli.commands import options
from janus_cli.failures import Failure, Status

PERCENT = re.compile(r"\s*(.+?)\s*%\s*")
T = OrderType


@dataclass(frozen=True, kw_only=True)
class Words:
    """The prices of a command line as they were typed; None was not given."""

    limit: str | None = None
    stop: str | None = None
    trail: str | None = None
    trail_from: str | None = None
    limit_offset: str | None = None
    touch: str | None = None
    at_close: bool = False


def type_of(words: Words) -> OrderType:
    """Return the order type that ``words`` mean.

    Raises:
        Failure: two of them exclude each other.
    """
    given = {
        "--trail": words.trail is not None,
        "--touch": words.touch is not None,
        "--at-close": words.at_close,
    }
    chosen = [name for name, is_given in given.items() if is_given]
    if len(chosen) > 1:
        raise _usage(f"{' and '.join(chosen)} exclude each other", "leave all but one out")
    if words.trail is None:
        for name, text in (
            ("--trail-from", words.trail_from),
            ("--limit-offset", words.limit_offset),
        ):
            if text is not None:
                raise _usage(f"{name} {text} says nothing without --trail", "add --trail DISTANCE")
    elif words.limit is not None:
        raise _usage(
            f"a trailing order has no LIMIT, but {words.limit} was given",
            "use --limit-offset: the limit moves along with the stop",
        )
    has_limit = words.limit is not None
    if words.trail is not None:
        return T.TRAILING_STOP if words.limit_offset is None else T.TRAILING_STOP_LIMIT
    if words.touch is not None:
        return T.LIMIT_IF_TOUCHED if has_limit else T.MARKET_IF_TOUCHED
    if words.at_close:
        return T.LIMIT_ON_CLOSE if has_limit else T.MARKET_ON_CLOSE
    if words.stop is not None:
        return T.STOP_LIMIT if has_limit else T.STOP
    return T.LIMIT if has_limit else T.MARKET


def prices(words: Words) -> dict[str, str]:
    """Return the prices by the names of an intent, as they were typed."""
    percent = PERCENT.fullmatch(words.trail) if words.trail is not None else None
    found = {
        "limit_price": words.limit,
        "stop_price": next((p for p in (words.stop, words.touch, words.trail_from) if p), None),
        "trail_amount": None if percent else words.trail,
        "trail_percent": percent[1] if percent else None,
        "limit_offset": words.limit_offset,
    }
    return {name: text for name, text in found.items() if text is not None}


def tif_of(tif: Tif | None, *, has_end: bool) -> Tif:
    """Return how long the order stays: GTC unless said otherwise, GTD where an end is given.

    Raises:
        Failure: GTD without an end, or an end with anything else.
    """
    if has_end and tif not in (None, Tif.GTD):
        raise _usage(
            f"--tif {tif.lower()} has an end of its own, and --good-till gives another",
            "use one of them: --good-till alone means --tif gtd",
        )
    if tif is Tif.GTD and not has_end:
        raise _usage("--tif gtd does not say until when", "--good-till 2h, 5d or 2026-12-01T15:00Z")
    return tif or (Tif.GTD if has_end else Tif.GTC)


def good_till_ns(text: str | None, *, now_ns: int) -> int | None:
    """Return the moment that ``2h`` or ``2026-12-01T15:00Z`` means, in whole seconds.

    Raises:
        Failure: it means none.
    """
    if text is None:
        return None
    if options.is_duration(text):
        end_ns = now_ns + int(options.seconds(text, option="--good-till") * NS_PER_S)
        return end_ns // NS_PER_S * NS_PER_S
    try:
        moment = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise _usage(
            f"--good-till {text!a} is no moment", "--good-till 2h, 5d or 2026-12-01T15:00Z"
        ) from None
    if moment.tzinfo is None:
        raise _usage(f"--good-till {text} has no zone", f"--good-till {text.strip()}Z for UTC")
    return int(moment.timestamp()) * NS_PER_S


def _usage(reason: str, hint: str) -> Failure:
    return Failure(reason, status=Status.USAGE, hint=hint)
