"""The venue's own record and its market, read over its control port; Janus has no part in it."""

from __future__ import annotations

import json
import urllib.request
from decimal import Decimal
from typing import Any


class Venue:
    """The control port of the stack's paper venue."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    def market(self) -> dict[str, dict[str, Any]]:
        """Return the present quotes of what has two sides, by symbol."""
        return {
            row["symbol"]: row
            for row in self._get("/market")
            if row["bid"] is not None and row["ask"] is not None
        }

    def orders(self) -> list[dict[str, Any]]:
        """Return every order the venue ever accepted."""
        found: list[dict[str, Any]] = self._get("/truth/orders")
        return found

    def executions(self) -> list[dict[str, Any]]:
        """Return every execution."""
        found: list[dict[str, Any]] = self._get("/truth/executions")
        return found

    def positions(self) -> list[dict[str, Any]]:
        """Return every position that is not flat."""
        found: list[dict[str, Any]] = self._get("/truth/positions")
        return found

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self._base + path, timeout=10) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read(), parse_float=Decimal)
