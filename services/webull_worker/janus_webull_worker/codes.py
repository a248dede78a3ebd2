"""Webull's error codes, and what each of them means for what was asked; pure.

The code decides, the HTTP status only where there is none: most codes come with more than one.
A code that is not known refuses only if it is a refusal's status, or is spelled as Webull's are,
and only if neither says that nobody knows what became of the request.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from itertools import pairwise


class Verdict(Enum):
    """What follows from a refusal."""

    REFUSED = auto()  # final; nothing was done
    TIF = auto()  # so is this; perhaps only because of the time in force
    REPEATED = auto()  # the id is known: look that order up
    NOT_FOUND = auto()
    NO_DATA = auto()  # this key may not ask that; there are other ways
    KEY = auto()  # the key, the secret or the account is not accepted: nothing works
    CLOCK = auto()  # this machine's clock is wrong, so nothing works
    PACED = auto()  # too many requests; try later
    TROUBLE = auto()  # Webull's own; whether it was done is unknown


NO_TOKEN = "INVALID_TOKEN"  # noqa: S105 - a code
_KEY = (
    "MISSING_APP_KEY",
    "MISSING_SIGNATURE",
    "MISSING_ALGORITHM",
    "MISSING_VERSION",
    "MISSING_NONCE",
    "MISSING_TIMESTAMP",
    "UNAUTHORIZED",
    NO_TOKEN,
    "INCORRECT_SIGN",
    "SIGNATURE_ALGORITHM_NOT_SUPPORTED",
    "VERSION_NOT_SUPPORTED",
    "UNSUPPORTED_API_VERSION",
    "IP_NOT_ALLOWED",
    "ACCOUNT_ACCESS_DENIED",
)
_CLOCK = ("ILLEAGAL_TIMESTAMP", "CLOCK_SKEW_EXCEEDED")
_PACED = ("TOO_MANY_REQUESTS", "REQUEST_TOTAL_COUNT_EXCEEDED")
_TROUBLE = (
    "SYSTEM_ERROR",
    "INTERNAL_ERROR",
    "SYSTEM_INTERNAL_ERROR",
    "GRPC_SYSTEM_ERROR",
    "SERVICE_NOT_AVAILABLE",
    "GATEWAY_TIMEOUT",
    "DUPPLICATED_REQUEST",  # a nonce seen before: the request may have come twice
)
_TIF = ("ILLEGAL_PARAMETER", "UNSUPPORTED_TIF", "TIME_IN_FORCE_NOT_SUPPORTED", "ORDER_TIF_ILLEGAL")
_NO_DATA = ("UNAUTHORIZED_CATEGORY", "UNSUPPORTED_CATEGORY")

PREFIX = "OAUTH_OPENAPI_"  # before the codes of some of its interfaces
UNKNOWN = "SDK.UnknownServerError"  # the SDK's word for an answer without a code

TABLE: dict[str, Verdict] = (
    dict.fromkeys(_KEY, Verdict.KEY)
    | dict.fromkeys(_CLOCK, Verdict.CLOCK)
    | dict.fromkeys(_PACED, Verdict.PACED)
    | dict.fromkeys(_TROUBLE, Verdict.TROUBLE)
    | dict.fromkeys(_TIF, Verdict.TIF)
    | dict.fromkeys(_NO_DATA, Verdict.NO_DATA)
    | {
        "TRADE_PLACE_ORDER_REPEAT": Verdict.REPEATED,
        "ORDER_NOT_FOUND": Verdict.NOT_FOUND,
    }
)

OK, TOO_MANY, SERVER = 200, 429, 500
REDIRECTS = range(300, 400)
NOT_ALLOWED = (401, 403)
_WORDS = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")  # Webull spells all of its refusals so
_DOUBTFUL = frozenset(
    {"TIMEOUT", "TIMEDOUT", "BUSY", "RETRY", "PROCESSING"}
    | {"UNKNOWN", "SYSTEM", "INTERNAL", "SERVER", "EXCEPTION"}
)
_DOUBTFUL_STATUS = (408, 409, 425)  # timeout, conflict, too early: it may have come, perhaps twice
_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_STATUS = re.compile(r"[1-5]\d\d")  # instead of a code


def judge(status: int | None, code: str) -> Verdict:
    """Return what an answer other than success means."""
    code = code.removeprefix(PREFIX)
    if code in TABLE:
        return TABLE[code]
    if _STATUS.fullmatch(code) and (int(code) >= TOO_MANY or int(code) in _DOUBTFUL_STATUS):
        status = int(code)
    if status == TOO_MANY:
        return Verdict.PACED
    if status is None or status >= SERVER or status in REDIRECTS or status in _DOUBTFUL_STATUS:
        return Verdict.TROUBLE
    is_maybe_done = status == OK and not _WORDS.fullmatch(code)  # a success that we do not know
    if is_maybe_done or code in {"", UNKNOWN}:  # or not Webull's words: of something in between
        return Verdict.TROUBLE
    if status in NOT_ALLOWED:
        return Verdict.KEY
    return Verdict.TROUBLE if _is_doubtful(code) else Verdict.REFUSED


def _is_doubtful(code: str) -> bool:
    """Whether a code that is not listed says that nobody knows what became of the request."""
    words = [word.upper() for word in _BREAK.split(code)]
    together = {first + second for first, second in pairwise(words)}  # TIME_OUT
    return not _DOUBTFUL.isdisjoint(together.union(words))


def is_final(verdict: Verdict) -> bool:
    """Whether what was asked was certainly not done, and never will be."""
    return verdict in {
        Verdict.REFUSED,
        Verdict.TIF,
        Verdict.KEY,
        Verdict.CLOCK,
        Verdict.NO_DATA,
        Verdict.NOT_FOUND,
    }
