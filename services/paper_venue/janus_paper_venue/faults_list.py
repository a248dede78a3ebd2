"""Every fault of the TWS face and of the market, and with those of the Webull face, all of them."""

from __future__ import annotations

from collections.abc import Mapping

from janus_paper_venue import faults_webull
from janus_paper_venue.faults_kind import Kind

NOTICE_TEXTS: Mapping[int, str] = {
    1100: "Connectivity between IBKR and Trader Workstation has been lost.",
    1101: "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IBKR and Trader Workstation has been restored - data maintained.",
    2103: "Market data farm connection is broken:usfarm",
    2104: "Market data farm connection is OK:usfarm",
    2105: "HMDS data farm connection is broken:ushmds",
    2106: "HMDS data farm connection is OK:ushmds",
    2107: "HMDS data farm connection is inactive but should be available upon demand.ushmds",
    2108: "Market data farm connection is inactive but should be available upon demand.usfarm",
    2109: "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored.",
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored "
    "automatically.",
}
REJECT_TEXTS: Mapping[int, str] = {
    103: "Duplicate order id",
    110: "The price does not conform to the minimum price variation for this contract.",
    201: "Order rejected - reason:The exchange does not take this order.",
}
ORDER_TEXTS: Mapping[int, str] = {
    399: "Order Message:\nWarning: your order will not be placed at the exchange until later.",
    10349: "Order TIF was set to DAY based on order preset.",
}
CANCEL_TEXTS: Mapping[int, str] = {
    161: "Cancel attempted when order is not in a cancellable state.",
    10147: "OrderId that needs to be cancelled is not found.",
    10148: "OrderId that needs to be cancelled cannot be cancelled, state: Filled.",
}
DATA_TEXTS: Mapping[int, str] = {
    354: "Requested market data is not subscribed.",
    10089: "Requested market data requires additional subscription for API. "
    "Delayed market data is available.",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
}
COMPETING = 10197
COMPETING_TEXT = "No market data during competing live session"
MODIFY_FILLED = 104
MODIFY_TEXT = "Cannot modify a filled order."


def _coded(what: str, texts: Mapping[int, str]) -> dict[str, Kind]:
    return {f"error_{code}": Kind(what, {"code": code, "text": texts[code]}) for code in texts}


REJECT: Mapping[str, float | int | str] = {"code": 201, "text": REJECT_TEXTS[201]}
PLACES: Mapping[str, Kind] = {
    "swallow_order": Kind("a new order vanishes: no answer, ever"),
    "drop_before_answer": Kind("a new order is accepted and its socket cut before the answer"),
    "drop_after_answer": Kind("a new order is accepted and its socket closed after the answer"),
    "fill_after_drop": Kind(
        "a new order is accepted, its socket cut, and the order filled while nobody listens",
        {"seconds": 0.2},
    ),
    "reject_order": Kind("a new order is refused with a code", REJECT),
    **_coded("a new order is refused with this code", REJECT_TEXTS),
    "order_notice": Kind(
        "a new order is accepted, and a code sent for it", {"code": 399, "text": ORDER_TEXTS[399]}
    ),
    **_coded("a new order is accepted, and this code sent for it", ORDER_TEXTS),
    "error_202": Kind("a new order is accepted, then canceled by the broker with 202"),
}
MODIFIES: Mapping[str, Kind] = {
    "swallow_modify": Kind("a change of an order vanishes"),
    "reject_modify": Kind("a change of an order is refused with a code", REJECT),
    "error_104": Kind(
        "a change of an order is refused with this code",
        {"code": MODIFY_FILLED, "text": MODIFY_TEXT},
    ),
}
QUESTIONS: Mapping[str, Kind] = {"swallow_preview": Kind("a whatIf question vanishes")}
CANCELS: Mapping[str, Kind] = {
    "swallow_cancel": Kind("a cancel vanishes"),
    "reject_cancel": Kind("a cancel is refused with a code", {"code": 161, "text": ""}),
    **_coded("a cancel is refused with this code; the order lives", CANCEL_TEXTS),
    "fill_while_cancel": Kind("an order is reported as PendingCancel, and fills"),
}
SUBSCRIBES = _coded("market data is refused with this code", DATA_TEXTS)
NOTICES: Mapping[str, Kind] = {
    "notice": Kind("all clients are sent a code", {"code": 2103, "text": NOTICE_TEXTS[2103]}),
    **_coded("all clients are sent this code", NOTICE_TEXTS),
}
STATUS: Mapping[str, Kind] = {
    "lose_status": Kind("an orderStatus is lost"),
    "duplicate_status": Kind("an orderStatus comes twice"),
    "execution_first": Kind("an order's openOrder and orderStatus wait for its first execDetails"),
}
EXECUTIONS: Mapping[str, Kind] = {
    "lose_execution": Kind("an execDetails is lost; asking for executions finds it"),
    "duplicate_execution": Kind("an execDetails comes twice"),
    "late_execution": Kind("an execDetails comes late", {"seconds": 1.0}),
}
FILLS: Mapping[str, Kind] = {
    "correct_execution": Kind(
        "a fill is reported again at once, corrected: .02, another price", {"amount": 0.01}
    ),
    "correct_quantity": Kind(
        "a fill is reported again at once, corrected: .02, ``amount`` shares more or, below 0, less",
        {"amount": -1.0},
    ),
}
ODD: Mapping[str, float | int | str] = {"text": "ten", "symbol": ""}
ODDITIES: Mapping[str, Kind] = {
    "odd_execution": Kind("an execDetails, also one asked for, names ``text`` shares", ODD),
    "odd_order": Kind("an openOrder, also one asked for, has the quantity ``text``", ODD),
    "odd_position": Kind("a position, also one asked for, is of ``text`` shares", ODD),
}
FEES: Mapping[str, Kind] = {
    "lose_fee": Kind("a commissionReport is lost"),
    "late_fee": Kind("a commissionReport comes late", {"seconds": 1.0}),
}
ANSWERS: Mapping[str, Kind] = {
    "delay_answers": Kind("a message comes late, and all behind it", {"seconds": 1.0}),
    "reorder_answers": Kind("a message comes after the next one"),
    "drop_after_bytes": Kind("the socket is cut after so many more bytes", {"bytes": 100}),
    "mute": Kind("the socket stays open and says nothing", {"seconds": 0}, lasts=True),
}
QUOTES: Mapping[str, Kind] = {
    "nan_quote": Kind("prices are NaN", {"symbol": "", "seconds": 0}, lasts=True),
    "empty_quote": Kind("prices are -1, sizes 0", {"symbol": "", "seconds": 0}, lasts=True),
    "crossed_market": Kind("the bid is shown above the ask", {"symbol": "", "seconds": 0}, True),
}
SESSIONS: Mapping[str, Kind] = {
    "cut": Kind("open sockets are cut now"),
    "client_id_in_use": Kind("logins are refused with 326", {"seconds": 5.0}, lasts=True),
    "nightly_reset": Kind(
        "sockets are cut, logins impossible for a while, then next order ids lower by ``ids``",
        {"seconds": 5.0, "ids": 0},
        lasts=True,
    ),
    "ids_back": Kind("nextValidId is too low by ``ids``", {"ids": 10}, lasts=True),
    "competing_session": Kind("10197, and no market data", {"seconds": 0}, lasts=True),
    "halted": Kind("an instrument does not trade", {"symbol": "", "seconds": 0}, lasts=True),
    "clock_skew": Kind("times are wrong by ``amount`` seconds", {"amount": 60.0}, lasts=True),
}
TWS_KINDS: Mapping[str, Kind] = {
    **PLACES,
    **MODIFIES,
    **QUESTIONS,
    **CANCELS,
    **SUBSCRIBES,
    **NOTICES,
    **STATUS,
    **FILLS,
    **EXECUTIONS,
    **ODDITIES,
    **FEES,
    **ANSWERS,
    **QUOTES,
    **SESSIONS,
    f"error_{COMPETING}": Kind("as competing_session", {"seconds": 0}, lasts=True),
    "error_326": Kind("as client_id_in_use", {"seconds": 5.0}, lasts=True),
}
KINDS: Mapping[str, Kind] = {**TWS_KINDS, **faults_webull.KINDS}
NEED_SYMBOL = frozenset({"halted"}) | faults_webull.NEED_SYMBOL
ALIASES = {f"error_{COMPETING}": "competing_session", "error_326": "client_id_in_use"}
BY_VENUE_CLOCK = frozenset({"halted"})  # part of the truth: it ends by the venue's own time
AT_ONCE = frozenset({*NOTICES, "cut"}) | faults_webull.AT_ONCE  # done when injected, and over
