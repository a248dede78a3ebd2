"""The token step: a person confirms in the app, and until then a token is PENDING."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec

from janus_paper_venue.faults import Faults
from janus_paper_venue.webull.answers import Code, denied, illegal
from janus_paper_venue.webull.calls import Call, Routes
from janus_paper_venue.webull.keys import AppKey

CHECK = ("webull_token_check",)
FREE = ("/openapi/config", "/auth/", "/openapi/auth/")  # what needs no token
LIFE_MS = 15 * 86_400_000
MAX_TOKENS = 1_000


class Token(msgspec.Struct, frozen=True):
    """One token of one app key."""

    text: str
    key: str
    since_s: float


class Tokens:
    """The tokens of all keys; none is needed unless a fault wants it. A restart forgets them."""

    def __init__(
        self, faults: Faults, now_s: Callable[[], float], now_ms: Callable[[], int]
    ) -> None:
        self._faults, self._now_s, self._now_ms = faults, now_s, now_ms
        self._known: dict[str, Token] = {}

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            ("GET", "/openapi/config"): self._config,
            ("POST", "/auth/tokens/create"): self._create,
            ("POST", "/auth/tokens/check"): self._check,
            ("POST", "/openapi/auth/token/refresh"): self._check,
        }

    def admit(self, call: Call) -> None:
        """Let a request pass that needs no token, or has one that is confirmed.

        Raises:
            Refused: it has none.
        """
        fault = self._faults.take(CHECK)
        if fault is None or call.path.startswith(FREE):
            return
        token = self._known.get(call.headers.get("x-access-token", ""))
        if token is None or token.key != call.key.key or self._status(token) != "NORMAL":
            raise denied(Code.INVALID_TOKEN, "The token is missing, wrong, or not confirmed.")

    def admit_stream(self, key: AppKey) -> None:
        """Let a key subscribe to events that needs no token, or has one that is confirmed.

        Raises:
            Refused: it has none.
        """
        own = (one for one in self._known.values() if one.key == key.key)
        if self._faults.take(CHECK) and not any(self._status(one) == "NORMAL" for one in own):
            raise denied(Code.INVALID_TOKEN, "The app key has no confirmed token.")

    def _config(self, _: Call) -> Any:
        return {"token_check_enabled": self._faults.take(CHECK) is not None}

    def _create(self, call: Call) -> Any:
        """Return the token that is given, if it is known; else a new one."""
        token = self._known.get(self._given(call))
        if token is None or token.key != call.key.key:
            if len(self._known) >= MAX_TOKENS:
                self._known.clear()
            token = Token(uuid4().hex, call.key.key, self._now_s())
            self._known[token.text] = token
        return self._row(token)

    def _check(self, call: Call) -> Any:
        given = self._given(call)
        token = self._known.get(given)
        if token is None or token.key != call.key.key:
            return {"token": given, "expires": self._now_ms(), "status": "INVALID"}
        return self._row(token)

    def _given(self, call: Call) -> str:
        found = call.fields().get("token", "")
        if not isinstance(found, str):
            raise illegal("token is not a text.")
        return found

    def _row(self, token: Token) -> Any:
        expires = self._now_ms() + LIFE_MS
        return {"token": token.text, "expires": expires, "status": self._status(token)}

    def _status(self, token: Token) -> str:
        fault = self._faults.take(CHECK)
        pending_s = (fault.amount or 0.0) if fault else 0.0
        return "PENDING" if self._now_s() - token.since_s < pending_s else "NORMAL"
