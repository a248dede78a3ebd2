"""Faults of single order events on their way to the streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from janus_paper_venue.faults import Faults
from janus_paper_venue.faults_webull import EVENTS
from janus_paper_venue.webull.told import Told

NO_JSON = '{"order_status": "FILLED", '
Send = Callable[[str, Told], None]  # an account and what it is told


class FaultyEvents:
    """Stands before the streams; lets pass what no fault strikes."""

    def __init__(self, faults: Faults, send: Send) -> None:
        self._faults, self._send = faults, send
        self._held: tuple[str, Told] | None = None

    def pass_on(self, account: str, told: Told) -> None:
        """Send an event, or do with it what a fault wants."""
        fault = self._faults.take(EVENTS)
        match fault.name if fault else None:
            case "webull_lose_event" | "webull_mute_events":
                return
            case "webull_reorder_events" if self._held is None:
                self._held = account, told
                return
            case "webull_late_event":
                delay_s = (fault.seconds or 0.0) if fault else 0.0
                asyncio.get_running_loop().call_later(delay_s, self._send, account, told)
                return
            case "webull_bad_event":
                self._send(account, msgspec.structs.replace(told, payload=NO_JSON))
            case "webull_duplicate_event":
                self._send(account, told)
                self._send(account, told)
            case _:
                self._send(account, told)
        if self._held is not None:
            held, self._held = self._held, None
            self._send(*held)
