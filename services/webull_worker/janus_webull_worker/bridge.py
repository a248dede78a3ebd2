"""The session that now stands, as what outlives it sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from janus_webull_worker.translate import Seen


class Bridge(Protocol):
    """What orders need of a session."""

    def look(self, wire_id: str, *after_s: float) -> None:
        """Look at an order, after a while."""

    def end(self, error: Exception) -> None:
        """End the session."""

    async def ask(self, wire_id: str) -> Seen | None:
        """Ask about an order, and tell what Webull shows; raises BrokerUnavailable: no answer."""

    def check(self) -> None:
        """Raise Denied unless an order may be sent at this very moment."""

    def start(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Do something that takes a while; it ends with the session. None: it does not begin."""

    def resolve(self) -> None:
        """Take note that there is a new doubt."""
