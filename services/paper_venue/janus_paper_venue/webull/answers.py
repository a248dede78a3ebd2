"""What the Webull face answers: JSON, or a refusal in Webull's codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import msgspec

BUSINESS = 417  # how Webull refuses what is well formed and not possible


class Code(StrEnum):
    """Webull's error codes, its spelling included."""

    MISSING_APP_KEY = "MISSING_APP_KEY"
    MISSING_SIGNATURE = "MISSING_SIGNATURE"
    MISSING_ALGORITHM = "MISSING_ALGORITHM"
    MISSING_VERSION = "MISSING_VERSION"
    MISSING_NONCE = "MISSING_NONCE"
    MISSING_TIMESTAMP = "MISSING_TIMESTAMP"
    ALGORITHM_NOT_SUPPORTED = "SIGNATURE_ALGORITHM_NOT_SUPPORTED"
    VERSION_NOT_SUPPORTED = "VERSION_NOT_SUPPORTED"
    BAD_TIMESTAMP = "ILLEAGAL_TIMESTAMP"
    CLOCK_SKEW = "CLOCK_SKEW_EXCEEDED"
    REPLAYED = "DUPPLICATED_REQUEST"
    UNAUTHORIZED = "UNAUTHORIZED"
    INCORRECT_SIGN = "INCORRECT_SIGN"
    INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 - a code
    ACCESS_DENIED = "ACCOUNT_ACCESS_DENIED"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    ILLEGAL_PARAMETER = "ILLEGAL_PARAMETER"
    UNSUPPORTED_API_VERSION = "UNSUPPORTED_API_VERSION"
    UNSUPPORTED_CATEGORY = "UNSUPPORTED_CATEGORY"
    UNAUTHORIZED_CATEGORY = "UNAUTHORIZED_CATEGORY"
    TOO_MANY_SYMBOLS = "TOO_MANY_SYMBOLS"
    INVALID_SYMBOL = "INVALID_SYMBOL"
    INSTRUMENT_NOT_FOUND = "INSTRUMENT_NOT_FOUND"
    CANNOT_TRADE = "ORDER_TICKER_CAN_NOT_TRADE"
    CLOSE_ONLY = "TICKER_ID_CAN_NOT_TRADE"
    DELISTED = "TRADE_ORDER_TICKER_UNLISTED_CANNOT_TRADE"
    UNSUPPORTED_ORDER_TYPE = "UNSUPPORTED_ORDER_TYPE"
    NOT_EXTENDED = "NOT_SUPPORT_EXTEND_HOUR"
    AFTER_CLOSE = "DAY_ORDER_NOT_ALLOWED_AFT_CORE_TIME"
    BAD_PRICE = "ORDER_PRICE_ILLEGAL"
    STOP_TOO_HIGH = "STOP_PRICE_MUST_BE_LESS_THAN_MARKET_PRICE"
    STOP_TOO_LOW = "STOP_PRICE_MUST_BE_GREATER_THAN_MARKET_PRICE"
    TOO_MUCH = "ORDER_QUANTITY_EXCEED_LIMIT"
    NO_FUNDS = "DAY_BUYING_POWER_INSUFFICIENT"
    NO_SHORT_ACCOUNT = "CASH_ACCOUNT_CAN_NOT_SELL_SHORT"
    NO_SHORT_SYMBOL = "SYMBOL_CAN_NOT_SELL_SHORT"
    TOO_MUCH_SOLD = "SELL_QTY_EXCEED_AVAILABLE_QTY"
    REPEATED = "TRADE_PLACE_ORDER_REPEAT"
    NOT_FOUND = "ORDER_NOT_FOUND"
    NOT_CANCELABLE = "ORDER_CAN_NOT_BE_CANCEL"
    NOT_MODIFIABLE = "ORDER_CAN_NOT_BE_MODIFY"
    INTERNAL = "INTERNAL_ERROR"


NEWER: Mapping[str, str] = {Code.ILLEGAL_PARAMETER: "PARAM_ERR"}  # what the v3 set calls otherwise


class Refused(Exception):
    """A request that is not done; nothing has changed."""

    def __init__(self, code: str, message: str, *, status: int = BUSINESS) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(f"{status} {code}: {message}")


class Answer(msgspec.Struct, frozen=True):
    """What goes back to the client."""

    body: bytes
    status: int = HTTPStatus.OK
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def answered(value: Any) -> Answer:
    """Return ``value`` as JSON."""
    return Answer(msgspec.json.encode(value))


def refused(error: Refused, *, prefix: str = "") -> Answer:
    """Return a refusal as Webull words it; ``prefix`` is put before its code."""
    said = {"error_code": f"{prefix}{error.code}", "message": error.message}
    return Answer(msgspec.json.encode(said), error.status)


def newer(error: Refused) -> Refused:
    """Return a refusal as the v3 set words it: its codes of business have a prefix."""
    if error.status != BUSINESS:
        return error
    code = NEWER.get(error.code, error.code)
    return Refused(f"OPENAPI_{code}", error.message)


def denied(code: Code, message: str) -> Refused:
    """Return the refusal of a request whose sender is in doubt."""
    return Refused(code, message, status=HTTPStatus.UNAUTHORIZED)


def illegal(message: str) -> Refused:
    """Return the refusal of a parameter."""
    return Refused(Code.ILLEGAL_PARAMETER, message)
