"""Faults of single HTTP requests: before they are done, and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import msgspec

from janus_paper_venue.faults import Fault, Faults
from janus_paper_venue.faults_webull import AFTER, BEFORE, REFUSE
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import Side, Tif
from janus_paper_venue.webull.answers import Answer, Code, Refused, illegal, refused
from janus_paper_venue.webull.drafts import Draft
from janus_paper_venue.webull.limits import too_many

HTML = b"<html><head><title>Error</title></head><body><h1>Bad Gateway</h1></body></html>"
ELSEWHERE = "/maintenance"


class Silence(Enum):
    """What a client gets for an answer when it gets none."""

    NEVER = "never"  # the connection stays open
    RESET = "reset"


Outcome = Answer | Silence


class FaultyCalls:
    """What strikes a request, by its path."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def before(self, path: str) -> Outcome | None:
        """Return what comes instead of doing a request."""
        fault = self._faults.take(BEFORE, path=path)
        return INSTEAD[fault.name](fault) if fault else None

    def refuse(self, path: str) -> None:
        """Refuse a request whose sender is known.

        Raises:
            Refused: a fault wants it.
        """
        if fault := self._faults.take(REFUSE, path=path):
            raise Refused(fault.text or "", "The request is refused.", status=fault.code or 0)

    def after(self, path: str, answer: Answer) -> tuple[Outcome, float]:
        """Return what comes for the ``answer`` of a request that was done, and how late."""
        fault = self._faults.take(AFTER, path=path)
        if fault is None:
            return answer, 0.0
        if fault.name == "webull_slow":
            return answer, fault.seconds or 0.0
        return INSTEAD[fault.name](fault), 0.0

    def shaped(self, path: str, value: Any) -> Any:
        """Return what a request is answered with, in the shape that is in force."""
        if fault := self._faults.take(("webull_drop_field",), path=path):
            value = _without(value, fault.text or "")
        if self._faults.take(("webull_envelope",)):
            return {"code": "200", "msg": "success", "data": value}
        return value

    def prefix(self) -> str:
        """Return what error codes begin with."""
        fault = self._faults.take(("webull_prefixed_codes",))
        return (fault.text or "") if fault else ""

    def veto(self, draft: Draft, instrument: Instrument) -> None:
        """Refuse a new order.

        Raises:
            Refused: a fault wants it.
        """
        take, con_id = self._faults.take, instrument.con_id
        if draft.tif is Tif.GTC and take(("webull_no_gtc",)):
            raise illegal("The tif GTC is not supported.")
        if take(("webull_no_funds",)):
            raise Refused(Code.NO_FUNDS, "Buying power is insufficient.")
        if take(("webull_not_tradable",), con_id=con_id):
            raise Refused(Code.CANNOT_TRADE, "The instrument cannot be traded.")
        if draft.side is Side.BUY and take(("webull_close_only",), con_id=con_id):
            raise Refused(Code.CLOSE_ONLY, "Positions in the instrument can only be closed.")
        if take(("webull_delisted",), con_id=con_id):
            raise Refused(Code.DELISTED, "The instrument is delisted.")


def _error(fault: Fault) -> Answer:
    said = {"error_code": fault.text, "message": "Please try again later."}
    return Answer(msgspec.json.encode(said), fault.code or 0)


def _html(fault: Fault) -> Answer:
    return Answer(HTML, fault.code or 0, media_type="text/html")


INSTEAD: Mapping[str, Callable[[Fault], Outcome]] = {
    "webull_timeout": lambda _: Silence.NEVER,
    "webull_lost_answer": lambda _: Silence.NEVER,
    "webull_reset": lambda _: Silence.RESET,
    "webull_reset_after": lambda _: Silence.RESET,
    "webull_error": _error,
    "webull_error_after": _error,
    "webull_html": _html,
    "webull_html_after": _html,
    "webull_too_many": lambda _: refused(too_many()),
    "webull_redirect": lambda _: Answer(b"", 302, headers=(("location", ELSEWHERE),)),
    "webull_odd_error": lambda fault: Answer(b'["an error of another kind"]', fault.code or 0),
}


def _without(value: Any, name: str) -> Any:
    """Return ``value`` without any field called ``name``."""
    if isinstance(value, Mapping):
        return {key: _without(one, name) for key, one in value.items() if key != name}
    return [_without(one, name) for one in value] if isinstance(value, list) else value
