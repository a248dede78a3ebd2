"""What an answer with a status of success says: some regions wrap it, and refuse inside; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from janus_webull_worker import codes
from janus_webull_worker.outcome import Refused

DONE = frozenset({"0", "200", "SUCCESS", "OK"})
_BESIDE = frozenset({"msg", "message", "data"})  # what a code that speaks of the answer comes with


def unwrapped(value: Any, plain: Callable[[object], str]) -> Any:
    """Return what an answer says; ``plain`` makes the words of others fit to be shown.

    Raises:
        Refused: it is no success; its code decides whether that is final.
    """
    if not isinstance(value, dict):
        return value
    error = value.get("error_code")
    if error is not None and error != "":
        _check(error, value, plain)
        return value
    if "code" in value and not _BESIDE.isdisjoint(value):
        _check(value["code"], value, plain)
        return value.get("data")
    return value


def _check(found: object, value: dict[str, Any], plain: Callable[[object], str]) -> None:
    code = str(found)
    if code.upper() in DONE:
        return
    verdict, data = codes.judge(codes.OK, code), value.get("data", value)
    if codes.is_final(verdict) and isinstance(data, dict) and data.get("order_id"):
        verdict = codes.Verdict.TROUBLE  # whatever the code says, there is an order
    raise Refused(verdict, plain(code), plain(value.get("msg") or value.get("message") or ""))
