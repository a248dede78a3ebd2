"""Every error code of the reference table, with what follows from it."""

from __future__ import annotations

import pytest
from janus_webull_worker.codes import TABLE, UNKNOWN, Verdict, is_final, judge

MISSING = ["APP_KEY", "SIGNATURE", "ALGORITHM", "VERSION", "NONCE", "TIMESTAMP"]
REJECTS = [
    "UNSUPPORTED_ORDER_TYPE",
    "NOT_SUPPORT_EXTEND_HOUR",
    "ORDER_PRICE_ILLEGAL",
    "ORDER_STOP_PRICE_MUST_GRATER_TRADE_PRICE",
    "ORDER_LMT_PRICE_MUST_LESS_STOP_PRICE",
    "INSTRUMENT_NOT_FOUND",
    "INVALID_SYMBOL",
    "TICKER_ID_CAN_NOT_TRADE",
    "ORDER_TICKER_NOT_FOUND",
    "TRADE_ORDER_TICKER_UNLISTED_CANNOT_TRADE",
    "TRADE_ORDER_NO_PERMISSION",
    "A_CODE_THAT_NOBODY_KNOWS",
]
NOBODY_KNOWS = [
    "ORDER_SYSTEM_BUSY",
    "TRADE_SYSTEM_EXCEPTION",
    "PLACE_ORDER_TIMEOUT",
    "REQUEST_TIME_OUT",
    "REQUEST_TIMED_OUT",
    "UNKNOWN_ERROR",
    "INTERNAL_FAILURE",
    "PLEASE_RETRY",
    "ORDER_PROCESSING",
    "OAUTH_OPENAPI_TRADE_SERVER_BUSY",
    "SystemBusy",
    "trade-timeout",
]


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        *[(401, f"MISSING_{what}", Verdict.KEY) for what in MISSING],
        (401, "UNAUTHORIZED", Verdict.KEY),
        (401, "INVALID_TOKEN", Verdict.KEY),
        (401, "INCORRECT_SIGN", Verdict.KEY),
        (403, "IP_NOT_ALLOWED", Verdict.KEY),
        (401, "CLOCK_SKEW_EXCEEDED", Verdict.CLOCK),
        (417, "ILLEAGAL_TIMESTAMP", Verdict.CLOCK),
        (429, "TOO_MANY_REQUESTS", Verdict.PACED),
        (417, "REQUEST_TOTAL_COUNT_EXCEEDED", Verdict.PACED),
        *[(417, code, Verdict.REFUSED) for code in REJECTS],
        (417, "ILLEGAL_PARAMETER", Verdict.TIF),
        (417, "TRADE_PLACE_ORDER_REPEAT", Verdict.REPEATED),
        (417, "ORDER_NOT_FOUND", Verdict.NOT_FOUND),
        (404, "ORDER_NOT_FOUND", Verdict.NOT_FOUND),
        (417, "UNAUTHORIZED_CATEGORY", Verdict.NO_DATA),
        *[(status, "SYSTEM_ERROR", Verdict.TROUBLE) for status in (200, 417, 500)],
        (500, "INTERNAL_ERROR", Verdict.TROUBLE),
        (503, "SERVICE_NOT_AVAILABLE", Verdict.TROUBLE),
        (504, "GATEWAY_TIMEOUT", Verdict.TROUBLE),
        (417, "OAUTH_OPENAPI_ORDER_NOT_FOUND", Verdict.NOT_FOUND),
        # Without a code of Webull's the status decides, and what is not Webull's word is no answer.
        (429, UNKNOWN, Verdict.PACED),
        (502, UNKNOWN, Verdict.TROUBLE),
        (302, UNKNOWN, Verdict.TROUBLE),
        (400, UNKNOWN, Verdict.TROUBLE),
        (404, "", Verdict.TROUBLE),
        (None, UNKNOWN, Verdict.TROUBLE),
        (500, "TRADE_ORDER_NO_PERMISSION", Verdict.TROUBLE),
        (401, "A_CODE_THAT_NOBODY_KNOWS", Verdict.KEY),
        # A status instead of a code is that status; with one of success, more is wanted.
        *[(status, "429", Verdict.PACED) for status in (200, 417)],
        *[(status, code, Verdict.TROUBLE) for status in (200, 417) for code in ("500", "504")],
        *[(200, code, Verdict.TROUBLE) for code in ("SUCCEEDED", "20000", "408", "", "None")],
        (200, "TRADE_ORDER_NO_PERMISSION", Verdict.REFUSED),
        # A code that is not listed may say itself that nobody knows what became of it.
        *[(status, code, Verdict.TROUBLE) for status in (200, 417) for code in NOBODY_KNOWS],
        *[(status, "A_CODE_THAT_NOBODY_KNOWS", Verdict.TROUBLE) for status in (408, 409, 425)],
        *[(417, code, Verdict.TROUBLE) for code in ("408", "409", "425")],
        (417, "404", Verdict.REFUSED),
        (409, "TRADE_PLACE_ORDER_REPEAT", Verdict.REPEATED),
        (409, "ILLEGAL_PARAMETER", Verdict.TIF),
        (429, "SYSTEM_BUSY", Verdict.PACED),
        (401, "APP_KEY_UNKNOWN", Verdict.KEY),
        (417, "SUBSYSTEMS_ORDER_TYPE", Verdict.REFUSED),
    ],
)
def test_a_code_means(status, code, verdict):
    assert judge(status, code) is verdict


@pytest.mark.parametrize("verdict", [Verdict.PACED, Verdict.TROUBLE, Verdict.REPEATED])
def test_what_may_have_been_done_is_not_final(verdict):
    assert not is_final(verdict)


def test_every_code_of_the_table_is_found_whatever_its_status():
    assert all(judge(status, code) is TABLE[code] for code in TABLE for status in (200, 417, 500))
