"""Every fault of the Webull face: its name, what it does, and its parameters.

``path`` is a part of the paths that it strikes; empty: all.
"""

from __future__ import annotations

from collections.abc import Mapping

from janus_paper_venue.faults_kind import Kind

ANY: Mapping[str, float | int | str] = {"path": ""}
PLACE: Mapping[str, float | int | str] = {"path": "/place"}
OF_SYMBOL: Mapping[str, float | int | str] = {"symbol": "", "seconds": 0}
UNTIL: Mapping[str, float | int | str] = {"seconds": 0}

BEFORE: Mapping[str, Kind] = {
    "webull_timeout": Kind("a request is not done and never answered", ANY),
    "webull_reset": Kind("a request is not done, its connection reset", ANY),
    "webull_error": Kind(
        "a request is not done and answered with a 5xx",
        {"code": 503, "text": "SERVICE_NOT_AVAILABLE", "path": ""},
    ),
    "webull_too_many": Kind("a request is not done and answered with 429", ANY),
    "webull_html": Kind("a request is not done and answered with HTML", {"code": 200, "path": ""}),
    "webull_redirect": Kind("a request is not done and answered with 302", ANY),
    "webull_odd_error": Kind(
        "a request is not done and answered with an error that is a JSON list",
        {"code": 400, "path": ""},
    ),
}
REFUSE: Mapping[str, Kind] = {
    "webull_refuse": Kind(
        "a request is refused with an error code",
        {"code": 417, "text": "TRADE_ORDER_NO_PERMISSION", "path": "/place"},
    ),
}
AFTER: Mapping[str, Kind] = {
    "webull_lost_answer": Kind("a request is done and never answered", PLACE),
    "webull_reset_after": Kind("a request is done, its connection reset", PLACE),
    "webull_error_after": Kind(
        "a request is done and answered with a 5xx",
        {"code": 504, "text": "GATEWAY_TIMEOUT", "path": "/place"},
    ),
    "webull_html_after": Kind("a request is done and answered with HTML", {"code": 200, **PLACE}),
    "webull_slow": Kind("a request is done and answered late", {"seconds": 1.0, "path": ""}),
}
SHAPES: Mapping[str, Kind] = {
    "webull_flat_orders": Kind("an order's fields are not in items", UNTIL, lasts=True),
    "webull_camel_next": Kind("lists say hasNext, not has_next", UNTIL, lasts=True),
    "webull_numbers": Kind("quantities are JSON numbers, not texts", UNTIL, lasts=True),
    "webull_envelope": Kind("answers are in {code, msg, data}", UNTIL, lasts=True),
    "webull_drop_field": Kind(
        "answers lack a field", {"text": "filled_qty", "path": "", "seconds": 0}, lasts=True
    ),
    "webull_prefixed_codes": Kind(
        "error codes begin with a prefix", {"text": "OAUTH_OPENAPI_", "seconds": 0}, lasts=True
    ),
}
POLICIES: Mapping[str, Kind] = {
    "webull_no_gtc": Kind("orders that are GTC are refused", UNTIL, lasts=True),
    "webull_no_funds": Kind("a new order is refused for want of buying power"),
    "webull_not_tradable": Kind("an instrument cannot be traded", OF_SYMBOL, lasts=True),
    "webull_close_only": Kind("an instrument can be sold only", OF_SYMBOL, lasts=True),
    "webull_delisted": Kind("an instrument is delisted", OF_SYMBOL, lasts=True),
    "webull_no_instruments": Kind("the list of instruments is refused", UNTIL, lasts=True),
    "webull_fail_later": Kind("a new order is taken, then FAILED", {"seconds": 0.1}),
}
EVENTS: Mapping[str, Kind] = {
    "webull_lose_event": Kind("an order event is lost"),
    "webull_duplicate_event": Kind("an order event comes twice"),
    "webull_reorder_events": Kind("an order event comes after the next one"),
    "webull_late_event": Kind("an order event comes late", {"seconds": 1.0}),
    "webull_bad_event": Kind("an order event is no JSON"),
    "webull_mute_events": Kind("pings flow, order events never come", UNTIL, lasts=True),
}
STREAMS: Mapping[str, Kind] = {
    "webull_close_stream": Kind("open event streams end, as if all were well"),
    "webull_short_streams": Kind(
        "event streams end after ``amount`` seconds, as if all were well",
        {"amount": 3.0, "seconds": 0},
        lasts=True,
    ),
    "webull_expire_stream": Kind("open event streams are told SubscribeExpired, and end"),
    "webull_break_stream": Kind("open event streams end with UNAVAILABLE"),
    "webull_no_streams": Kind("event streams are refused with UNAVAILABLE", UNTIL, lasts=True),
    "webull_auth_error": Kind("an event stream is told AuthError, and ends"),
    "webull_too_many_streams": Kind("an event stream is told NumOfConnExceed, and ends"),
    "webull_freeze": Kind("event streams stay open and say nothing", UNTIL, lasts=True),
}
TOKENS: Mapping[str, Kind] = {
    "webull_token_check": Kind(
        "requests need a token, which is PENDING for ``amount`` seconds",
        {"amount": 0.5, "seconds": 0},
        lasts=True,
    ),
}
KINDS: Mapping[str, Kind] = {
    **BEFORE,
    **REFUSE,
    **AFTER,
    **SHAPES,
    **POLICIES,
    **EVENTS,
    **STREAMS,
    **TOKENS,
}
NEED_SYMBOL = frozenset({"webull_not_tradable", "webull_close_only", "webull_delisted"})
AT_ONCE = frozenset({"webull_close_stream", "webull_expire_stream", "webull_break_stream"})
